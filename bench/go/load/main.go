// The load: a fixed number of keep-alive connections, each asking again as soon as it has its answer. Each asks for a
// name of its own, so that no server can answer two of them with one call to the vault.
//
// Prints one JSON object: requests, answers that were not what was expected, requests a second, p50 and p99 in ms.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

const maxBody = 4096

type tally struct {
	latencies []time.Duration
	wrong     int
	err       error
}

func main() {
	address := flag.String("address", "", "host:port of the server")
	path := flag.String("path", "/%d", "path to ask for, with the number of the connection")
	expect := flag.String("expect", "", "text that every answer's body must hold")
	count := flag.Int("connections", 1, "number of connections")
	seconds := flag.Float64("seconds", 1, "how long")
	flag.Parse()
	connections := make([]net.Conn, *count)
	for i := range connections {
		connection, err := net.Dial("tcp", *address)
		if err != nil {
			log.Fatal(err)
		}
		connections[i] = connection
	}
	tallies := make([]tally, *count)
	var all sync.WaitGroup
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	for i, connection := range connections {
		target := fmt.Sprintf(*path, i)
		request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n", target)
		all.Go(func() { tallies[i] = ask(connection, request, []byte(*expect), end) })
	}
	all.Wait()
	report(tallies, time.Since(begin))
}

// ask repeats one request until the end.
func ask(connection net.Conn, request, expect []byte, end time.Time) (t tally) {
	defer connection.Close()
	connection.SetDeadline(end.Add(30 * time.Second))
	reader := bufio.NewReaderSize(connection, 8192)
	body := make([]byte, maxBody)
	t.latencies = make([]time.Duration, 0, 1<<14)
	for sent := time.Now(); sent.Before(end); {
		if _, t.err = connection.Write(request); t.err != nil {
			return t
		}
		status, length, err := readHead(reader)
		if err == nil && length <= maxBody {
			_, err = io.ReadFull(reader, body[:length])
		}
		if t.err = err; err != nil {
			return t
		}
		if status != 200 || !bytes.Contains(body[:length], expect) {
			t.wrong++
		}
		got := time.Now()
		t.latencies = append(t.latencies, got.Sub(sent))
		sent = got
	}
	return t
}

// readHead returns the status and the length of the body: every server here sends a Content-Length.
func readHead(reader *bufio.Reader) (status, length int, err error) {
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return status, length, nil
		}
		if first {
			status, _ = strconv.Atoi(string(line[9:min(len(line), 12)]))
			continue
		}
		if name, text, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(text))); err != nil {
				return 0, 0, err
			}
		}
	}
}

func report(tallies []tally, took time.Duration) {
	var latencies []time.Duration
	wrong := 0
	for _, t := range tallies {
		if t.err != nil {
			log.Fatalf("a connection ended: %v", t.err)
		}
		latencies = append(latencies, t.latencies...)
		wrong += t.wrong
	}
	slices.Sort(latencies)
	percentile := func(p float64) float64 {
		return float64(latencies[int(p*float64(len(latencies)-1))].Nanoseconds()) / 1e6
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"requests": len(latencies),
		"wrong":    wrong,
		"rps":      float64(len(latencies)) / took.Seconds(),
		"p50_ms":   percentile(0.50),
		"p99_ms":   percentile(0.99),
	})
}
