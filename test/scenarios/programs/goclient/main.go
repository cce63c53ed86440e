// goclient MODE ORIGIN COUNT: one way in which Go programs use net/http.
//
// default: the default transport, which keeps two idle connections to a host. unread, small-unread: bodies are closed, not
// read; small ones have come whole by then, so that the connection ends with a FIN.
// good: as many are kept as there may be, and every body is read.
//
// RATE: so many a second, 4000 if not set, of 8 ms each, which is 32 at once; they come at random (Poisson), as users do.
package main

import (
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// most at once, whatever happens.
const most = 512

func main() {
	mode, origin := os.Args[1], os.Args[2]
	count, _ := strconv.Atoi(os.Args[3])
	rate := 4000.0
	if given, err := strconv.ParseFloat(os.Getenv("RATE"), 64); err == nil {
		rate = given
	}
	client := http.DefaultClient
	path := "/slow?ms=8"
	switch mode {
	case "default":
	case "unread":
		path = "/large"
	case "small-unread":
	case "good":
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxConnsPerHost = 64
		transport.MaxIdleConnsPerHost = 64
		client = &http.Client{Transport: transport}
	default:
		panic("no mode " + mode)
	}

	var failed int64
	slots := make(chan struct{}, most)
	var all sync.WaitGroup
	random := rand.New(rand.NewSource(1))
	next := time.Now()
	for i := 0; i < count; i++ {
		next = next.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		time.Sleep(time.Until(next))
		slots <- struct{}{}
		all.Add(1)
		go func() {
			defer func() { <-slots; all.Done() }()
			response, err := client.Get(origin + path)
			if err != nil {
				atomic.AddInt64(&failed, 1)
				return
			}
			if mode != "unread" && mode != "small-unread" {
				io.Copy(io.Discard, response.Body)
			}
			response.Body.Close()
		}()
	}
	all.Wait()
	fmt.Printf("done {\"count\": %d, \"errors\": {\"any\": %d}}\n", count, failed)
	io.Copy(io.Discard, os.Stdin)
}
