// Package plan says what one cluster consists of: its configuration, its addresses, its files. It starts nothing.
package plan

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"sallygate.test/rig/internal/images"
)

// Configuration is what `cluster up` is handed, as a JSON file.
type Configuration struct {
	Folder    string                  `json:"folder"`    // everything that the cluster writes
	Control   string                  `json:"control"`   // binaries
	Etcd      string                  `json:"etcd"`      //
	Container string                  `json:"container"` //
	Digest    string                  `json:"digest"`    // of the rig that this cluster was started from
	Images    map[string]images.Image `json:"images"`
	// WithLastUser: the cluster ends when nobody holds the lock of Users any more. A test run that is killed
	// leaves nothing behind then.
	WithLastUser bool `json:"with_last_user"`
}

// Read reads the configuration.
func Read(path string) (Configuration, error) {
	var configuration Configuration
	text, err := os.ReadFile(path)
	if err != nil {
		return configuration, err
	}
	if err := json.Unmarshal(text, &configuration); err != nil {
		return configuration, fmt.Errorf("%s: %w", path, err)
	}
	return configuration, nil
}

// File is the path of something in the cluster's folder.
func (c Configuration) File(parts ...string) string {
	return filepath.Join(append([]string{c.Folder}, parts...)...)
}

// The files that others read.
func (c Configuration) Kubeconfig() string { return c.File("kubeconfig") }
func (c Configuration) Door() string       { return c.File("door.sock") }
func (c Configuration) State() string      { return c.File("state.json") }
func (c Configuration) Users() string      { return c.File("users.lock") }
func (c Configuration) Audit() string      { return c.File("audit.log") }

// Slots is how many clusters can run side by side on one machine: the ranges that 198.18.0.0/15 has room for.
const Slots = 8

// Addresses of one slot, a /18 of 198.18.0.0/15: the range set aside for tests of network devices, which nobody routes.
type Addresses struct {
	Slot int
}

func (a Addresses) at(third, fourth int) netip.Addr {
	bits := a.Slot * 64
	return netip.AddrFrom4([4]byte{198, byte(18 + bits/256), byte(bits%256 + third), byte(fourth)})
}

// Range is all that the machine routes to the cluster.
func (a Addresses) Range() netip.Prefix { return netip.PrefixFrom(a.at(0, 0), 18) }

// Host and Node are the two ends of the link between the machine and the cluster's only node.
func (a Addresses) Host() netip.Addr { return a.at(0, 1) }
func (a Addresses) Node() netip.Addr { return a.at(0, 2) }

// LinkBits is the length of the link's prefix.
const LinkBits = 30

// Pods, LoadBalancers and Services are the ranges that addresses are handed out from.
func (a Addresses) Pods() netip.Prefix          { return netip.PrefixFrom(a.at(16, 0), 20) }
func (a Addresses) LoadBalancers() netip.Prefix { return netip.PrefixFrom(a.at(32, 0), 20) }
func (a Addresses) Services() netip.Prefix      { return netip.PrefixFrom(a.at(48, 0), 20) }

// KubernetesService is the ClusterIP of the Service that pods find the API server by.
func (a Addresses) KubernetesService() netip.Addr { return a.at(48, 1) }

// HostLink is the name of the machine's end of the link.
func (a Addresses) HostLink() string { return fmt.Sprintf("sallyrig%d", a.Slot) }

// Ports inside the cluster's own network namespace: they collide with nothing.
const (
	EtcdPort       = 2379
	APIServerPort  = 6443
	KubeletPort    = 10250
	ControllerPort = 10257
	SchedulerPort  = 10259
	ProxyPort      = 10256
)

// NodeName is the only node.
const NodeName = "rig"
