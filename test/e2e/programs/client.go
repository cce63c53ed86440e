// client.go WAIT_MS HOST:PORT=COUNT...: as client.py.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func request(target, wait string) {
	conn, err := net.Dial("tcp", target)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /?wait=%s HTTP/1.1\r\nHost: x\r\n\r\n", wait)
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		panic(err)
	}
	io.ReadAll(reply.Body)
}

func main() {
	targets := make(chan string)
	var workers sync.WaitGroup
	for i := 0; i < 20; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for target := range targets {
				request(target, os.Args[1])
			}
		}()
	}
	for _, given := range os.Args[2:] {
		parts := strings.Split(given, "=")
		count, _ := strconv.Atoi(parts[1])
		for i := 0; i < count; i++ {
			targets <- parts[0]
		}
	}
	close(targets)
	workers.Wait()
	fmt.Println("done")
	time.Sleep(time.Hour)
}
