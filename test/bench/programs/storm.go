// storm.go serve ADDRESS:PORT: accepts connections, waits for their end and closes them: never first.
// storm.go connect ADDRESS:PORT RATE SECONDS: opens so many connections a second, evenly, and closes each at once, so that
// the TIME_WAIT is its own. What it really did is one line of JSON at the end, times in ms since the epoch.
//
// Both are plain system calls on threads of their own: Go's own network code would be most of the cost.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// As many connections may be under way at once: past the cliff each takes milliseconds of a core.
const workers = 4

// What is so late is never made up for: a rate is a rate, also after a time in which connect() was slow.
const forgotten = 100 * time.Millisecond

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail(what, err)
	}
}

func serve(at netip.AddrPort) {
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must("socket", err)
	must("SO_REUSEADDR", syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	must("bind", syscall.Bind(listener, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}))
	must("listen", syscall.Listen(listener, 65535))
	fmt.Println("ready")
	for worker := 0; worker < workers; worker++ {
		go func() {
			runtime.LockOSThread()
			one := make([]byte, 1)
			for {
				conn, _, err := syscall.Accept(listener)
				if errors.Is(err, syscall.ECONNABORTED) {
					continue
				}
				must("accept", err)
				syscall.Read(conn, one)
				syscall.Close(conn)
			}
		}()
	}
	select {}
}

type report struct {
	// Of the first connect(), and of the first that failed for want of a port; 0: none.
	BegunAt   float64 `json:"begunAt"`
	RefusedAt float64 `json:"refusedAt"`
	// When the first port of the second parity was given: none of the first was left.
	CliffAt float64 `json:"cliffAt"`
	EndedAt float64 `json:"endedAt"`
	Made    int     `json:"made"`
	Refused int     `json:"refused"`
	// Those that were due and not even tried, for connect() took too long.
	Forgone int `json:"forgone"`
	// In each second.
	PerSecond []int `json:"perSecond"`
}

type storm struct {
	sync.Mutex
	report
	start time.Time
	next  int
	rate  float64
	low   int
}

func ms(at time.Time) float64 { return float64(at.UnixMicro()) / 1000 }

// When the next connection is due; false: none is any more.
func (s *storm) ticket(now time.Time, until time.Time) (time.Time, bool) {
	s.Lock()
	defer s.Unlock()
	due := s.due(s.next)
	for now.Sub(due) > forgotten {
		s.next++
		s.Forgone++
		due = s.due(s.next)
	}
	s.next++
	return due, due.Before(until)
}

func (s *storm) due(n int) time.Time {
	return s.start.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

func (s *storm) note(at time.Time, port int, err error) {
	s.Lock()
	defer s.Unlock()
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		s.Refused++
		if s.RefusedAt == 0 {
			s.RefusedAt = ms(at)
		}
		return
	}
	must("connect", err)
	s.Made++
	if second := int(at.Sub(s.start).Seconds()); second < len(s.PerSecond) {
		s.PerSecond[second]++
	}
	if s.CliffAt == 0 && (port-s.low)%2 != 0 {
		s.CliffAt = ms(at)
	}
}

func open(to *syscall.SockaddrInet4) (int, error) {
	conn, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must("socket", err)
	defer syscall.Close(conn)
	if err := syscall.Connect(conn, to); err != nil {
		return 0, err
	}
	local, err := syscall.Getsockname(conn)
	must("getsockname", err)
	return local.(*syscall.SockaddrInet4).Port, nil
}

func lowestPort() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	must("ip_local_port_range", err)
	var low, high int
	_, err = fmt.Sscan(string(text), &low, &high)
	must("ip_local_port_range", err)
	return low
}

func connect(at netip.AddrPort, rate float64, seconds float64) {
	to := &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	s := &storm{rate: rate, low: lowestPort(), start: time.Now()}
	s.BegunAt = ms(s.start)
	s.PerSecond = make([]int, int(seconds))
	until := s.start.Add(time.Duration(seconds * float64(time.Second)))
	var all sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread()
			for {
				now := time.Now()
				due, isDue := s.ticket(now, until)
				if !isDue {
					return
				}
				time.Sleep(due.Sub(now))
				port, err := open(to)
				s.note(time.Now(), port, err)
			}
		}()
	}
	all.Wait()
	s.EndedAt = ms(time.Now())
	must("report", json.NewEncoder(os.Stdout).Encode(s.report))
}

func main() {
	if len(os.Args) < 3 {
		fail("usage", errors.New("serve ADDRESS:PORT | connect ADDRESS:PORT RATE SECONDS"))
	}
	at, err := netip.ParseAddrPort(os.Args[2])
	must("address", err)
	if os.Args[1] == "serve" {
		serve(at)
	}
	rate, err := strconv.ParseFloat(os.Args[3], 64)
	must("rate", err)
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	must("seconds", err)
	connect(at, rate, seconds)
}
