// The fake vault: as much of Secrets Manager's wire protocol as a read needs, as fast as one core gives it.
//
// Every name exists and has one value. It checks no signature: the bench measures its callers, and it must never be
// what they wait for.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	maxBody = 4096
	version = "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE"
	value   = "a-password-of-32-characters-long"
)

var connections atomic.Int64

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "loopback address to listen on")
	delay := flag.Duration("delay", 0, "time that each answer takes")
	trust := flag.String("trust", "", "serve TLS, and write the certificate that callers have to trust to this file")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if *trust != "" {
		certificate, err := certificateFor("localhost", *trust)
		if err != nil {
			log.Fatal(err)
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	fmt.Println(port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(connection, *delay)
	}
}

// serve answers the requests of one connection, one after the other.
func serve(connection net.Conn, delay time.Duration) {
	defer connection.Close()
	number := connections.Add(1)
	reader := bufio.NewReaderSize(connection, 8192)
	body := make([]byte, maxBody)
	var answer []byte
	for count := 0; ; count++ {
		action, length, err := readHead(reader)
		if err == nil && length <= maxBody {
			_, err = io.ReadFull(reader, body[:length])
		} else if err == nil {
			err = errors.New("body too large")
		}
		if err != nil {
			return
		}
		if delay > 0 {
			time.Sleep(delay)
		}
		answer = appendAnswer(answer[:0], action, nameIn(body[:length]), number, count)
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}

// readHead returns the action that X-Amz-Target names and the length of the body.
func readHead(reader *bufio.Reader) (action [32]byte, length int, err error) {
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return action, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return action, length, nil
		}
		if first {
			continue
		}
		name, text, _ := bytes.Cut(line, []byte(":"))
		text = bytes.TrimSpace(text)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(text)); err != nil || length < 0 {
				return action, 0, errors.New("odd length")
			}
		case bytes.EqualFold(name, []byte("X-Amz-Target")):
			copy(action[:], text[bytes.LastIndexByte(text, '.')+1:])
		}
	}
}

// nameIn returns what SecretId holds: the names that the bench asks for need no unescaping.
func nameIn(body []byte) []byte {
	_, rest, _ := bytes.Cut(body, []byte(`"SecretId"`))
	_, rest, _ = bytes.Cut(rest, []byte(`"`))
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return name
}

func appendAnswer(to []byte, action [32]byte, name []byte, connection int64, count int) []byte {
	document := make([]byte, 0, 512)
	document = append(document, `{"ARN":"arn:aws:secretsmanager:us-east-1:111122223333:secret:`...)
	document = append(append(append(document, name...), `-a1b2c3","Name":"`...), name...)
	if bytes.HasPrefix(action[:], []byte("GetSecretValue")) {
		document = append(document, `","VersionId":"`+version+`","SecretString":"`+value+
			`","VersionStages":["AWSCURRENT"],"CreatedDate":1700000000.0}`...)
	} else {
		document = append(document, `"}`...)
	}
	to = append(to, "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 3c9a2a3e-0000-4000-8000-"...)
	to = fmt.Appendf(to, "%04x%08x", connection&0xffff, count)
	to = append(to, "\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: "...)
	to = strconv.AppendInt(to, int64(len(document)), 10)
	to = append(to, "\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n"...)
	return append(to, document...)
}
