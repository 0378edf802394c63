// Package images maps the names of images to commands on this machine. There is no registry, and nothing is pulled.
package images

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Image is what a container with this image runs.
type Image struct {
	Command     []string          `json:"command"`           // the entrypoint
	Environment map[string]string `json:"environment"`       // under the container's own
	Folders     []string          `json:"folders,omitempty"` // that any user must be able to read, whatever they allow
}

// Catalogue is the images known at the moment. Rows are added while the cluster runs.
type Catalogue struct {
	lock sync.Mutex
	rows map[string]Image
}

// New makes a catalogue of these rows.
func New(rows map[string]Image) *Catalogue {
	catalogue := &Catalogue{rows: map[string]Image{}}
	for name, image := range rows {
		catalogue.rows[name] = image
	}
	return catalogue
}

// Add adds a row, or replaces it; what runs already goes on as it is.
func (c *Catalogue) Add(name string, image Image) error {
	if name == "" || len(image.Command) == 0 {
		return fmt.Errorf("image %q: a name and a command are wanted", name)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.rows[name] = image
	return nil
}

// Find resolves the image of a container: the last element of its path with its tag, or without.
func (c *Catalogue) Find(reference string) (Image, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, name := range Names(reference) {
		if image, ok := c.rows[name]; ok {
			return image, nil
		}
	}
	known := make([]string, 0, len(c.rows))
	for name := range c.rows {
		known = append(known, name)
	}
	sort.Strings(known)
	return Image{}, fmt.Errorf("image %q is not one of %s", reference, strings.Join(known, ", "))
}

// Names of a reference, the most exact first: with its tag, without.
func Names(reference string) []string {
	last := reference[strings.LastIndex(reference, "/")+1:]
	last, _, _ = strings.Cut(last, "@")
	name, _, tagged := strings.Cut(last, ":")
	if tagged {
		return []string{last, name}
	}
	return []string{name}
}
