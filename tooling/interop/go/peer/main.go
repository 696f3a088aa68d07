// Program peer is a real Go Micro server or client for the interop tests.
//
// This folder holds the source that every generation shares, written against go-micro.dev/v5. The harness puts it
// together with the generation's own files (../22, ../26), rewrites the import path to that generation's, and builds it.
//
// interop.pb.go was made from interop.proto with protoc-gen-go v1.27.1, which is old enough for the runtime of the oldest
// generation:
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.27.1 && protoc --go_out=. interop.proto
package main

import (
	"fmt"
	"os"
)

var commands = map[string]func(*reporter, []string) error{
	"server":      runServer,
	"client":      runClient,
	"certificate": runCertificate,
}

func main() {
	// What the harness reads goes to standard output; a library that prints must not get in between.
	report := newReporter(os.Stdout)
	os.Stdout = os.Stderr
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peer server|client|certificate [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](report, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
