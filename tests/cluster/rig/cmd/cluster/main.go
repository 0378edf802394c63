// One test cluster: `cluster up FILE` starts it and returns when it serves; `cluster run FILE` is the cluster itself.
package main

import (
	"fmt"
	"os"

	"sallygate.test/rig/internal/plan"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cluster up|run CONFIGURATION")
		os.Exit(2)
	}
	configuration, err := plan.Read(os.Args[2])
	if err == nil {
		switch os.Args[1] {
		case "up":
			err = up(configuration, os.Args[2])
		case "run":
			err = run(configuration)
		default:
			err = fmt.Errorf("no command %q", os.Args[1])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}
