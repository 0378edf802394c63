// Package sandbox is what the kubelet and the program that becomes a container agree on. The kubelet writes a
// Specification and starts the program in new namespaces; the program arranges what the container sees, and executes it.
package sandbox

// Specification of one container, as a JSON file.
type Specification struct {
	Command          []string `json:"command"`
	Environment      []string `json:"environment"`
	Directory        string   `json:"directory"`
	Hostname         string   `json:"hostname"`
	Address          string   `json:"address"` // of the pod
	Scratch          string   `json:"scratch"` // an empty folder that becomes the root
	Mounts           []Mount  `json:"mounts"`
	Readable         []string `json:"readable"` // folders that any user can reach and read in this container
	User             int      `json:"user"`
	Group            int      `json:"group"`
	Groups           []int    `json:"groups"`
	ReadOnly         bool     `json:"read_only"` // the root; mounts have their own flag
	NoNewPrivileges  bool     `json:"no_new_privileges"`
	DropCapabilities bool     `json:"drop_capabilities"`
}

// Mount shows a folder or file of the machine at a path of the container.
type Mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"read_only"`
}

// NetworkDescriptor is the file descriptor of the pod's network namespace in the started program.
const NetworkDescriptor = 3
