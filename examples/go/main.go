// Read one secret from the sidecar: `go run . database-password`.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

var (
	ErrDenied   = errors.New("denied")
	ErrNotFound = errors.New("not found")
)

var client = &http.Client{Timeout: 10 * time.Second}

// getSecret returns a secret's current value. While the vault is busy, it tries twice more, after the time it asks for.
func getSecret(name string) (string, error) {
	base := os.Getenv("SECRETS_URL")
	if base == "" {
		base = "http://localhost:8080"
	}
	for triesLeft := 2; ; triesLeft-- {
		value, wait, err := read(base, "/v1/secrets/"+url.PathEscape(name))
		if wait == 0 || triesLeft == 0 {
			return value, err
		}
		time.Sleep(wait)
	}
}

// read asks once; wait is the time after which it may help to ask again, and 0 where it does not.
func read(base, path string) (value string, wait time.Duration, err error) {
	response, err := client.Get(base + path)
	if err != nil {
		return "", 0, fmt.Errorf("no answer from %s: %w", base, errors.Unwrap(err))
	}
	defer response.Body.Close()
	var answer struct{ Value, Detail *string }
	err = json.NewDecoder(response.Body).Decode(&answer)
	if ok := response.StatusCode == http.StatusOK; err != nil || ok && answer.Value == nil || !ok && answer.Detail == nil {
		return "", 0, fmt.Errorf("HTTP %d from %s%s: not an answer of the sidecar", response.StatusCode, base, path)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return *answer.Value, 0, nil
	case http.StatusForbidden:
		return "", 0, fmt.Errorf("%w: %s", ErrDenied, *answer.Detail)
	case http.StatusNotFound:
		return "", 0, fmt.Errorf("%w: %s", ErrNotFound, *answer.Detail)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil {
			seconds = 1
		}
		wait = time.Duration(seconds) * time.Second
	}
	return "", wait, fmt.Errorf("HTTP %d: %s", response.StatusCode, *answer.Detail)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: get-secret NAME")
		os.Exit(2)
	}
	value, err := getSecret(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(value) // only an example prints a secret
}
