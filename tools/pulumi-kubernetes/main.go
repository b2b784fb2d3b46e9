// Pulumi's Kubernetes provider plugin, as its own main serves it: pulumi-kubernetes/provider/cmd/pulumi-resource-kubernetes.
// That one cannot be built from the Go module, which lacks two generated files; tools/build.py lays the files that they
// are generated from beside this one (`go build -overlay`).
package main

import (
	_ "embed"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	versioned := append(fmt.Appendf(nil, `{"version":%q,`, version.Version), schema[1:]...)
	provider.Serve("kubernetes", version.Version, versioned, terraformMapping)
}
