// What `pulumi package add` makes in a TypeScript project: the SDK of a package, from its schema.
// The engine asks Pulumi's language host for Node.js for it, which is no Go module; the generator in it is one.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// noLoader has nothing to load: the schema refers to no other package.
type noLoader struct{ schema.Loader }

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: pulumi-nodejs-sdk SCHEMA FOLDER")
	}
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var spec schema.PackageSpec
	must(json.Unmarshal(text, &spec))
	languages := map[string]schema.Language{"nodejs": nodejs.Importer}
	pkg, err := schema.ImportSpec(spec, languages, noLoader{}, schema.ValidationOptions{})
	must(err)
	files, err := nodejs.GeneratePackage("pulumi-nodejs-sdk", pkg, nil, nil, true, nil)
	must(err)
	for name, content := range files {
		path := filepath.Join(os.Args[2], name)
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, content, 0o644))
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
