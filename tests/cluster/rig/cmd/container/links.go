package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const linksFollowed = 40 // as the kernel has it

// inside returns where a path of the container lies under its root while that is not the root yet. Links are followed as
// the container will: /var/run is /run of the container, and not of the machine. What does not exist is taken as it is.
func inside(root, path string) (string, error) {
	left := strings.Split(filepath.Clean("/"+path), "/")
	found := root
	for links := 0; len(left) > 0; {
		next := left[0]
		left = left[1:]
		switch next {
		case "", ".":
			continue
		case "..":
			if found != root {
				found = filepath.Dir(found)
			}
			continue
		}
		to, err := os.Readlink(filepath.Join(found, next))
		if err != nil {
			found = filepath.Join(found, next) // no link, or not there
			continue
		}
		if links++; links > linksFollowed {
			return "", fmt.Errorf("%s: too many links", path)
		}
		if filepath.IsAbs(to) {
			found = root
		}
		left = append(strings.Split(to, "/"), left...)
	}
	return found, nil
}
