// Command coredns is CoreDNS with what answers for Services, and nothing else of its fifty plugins, each of which the
// compiler would have to be waited for.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() { coremain.Run() }
