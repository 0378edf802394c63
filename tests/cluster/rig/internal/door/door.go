// Package door is how tests reach into a running cluster: HTTP over a unix socket, which needs no address and no port.
package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"

	"sallygate.test/rig/internal/components"
	"sallygate.test/rig/internal/images"
)

const startTimeout = 30 * time.Second

// Door serves until the context ends.
type Door struct {
	Components []*components.Component
	Images     *images.Catalogue
	Client     kubernetes.Interface
}

// Serve listens on the socket.
func (d *Door) Serve(ctx context.Context, path string) error {
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /components", d.list)
	mux.HandleFunc("POST /components/{name}/{action}", d.act)
	mux.HandleFunc("POST /compact", d.compact)
	mux.HandleFunc("PUT /images/{name}", d.add)
	server := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	go func() { _ = server.Serve(listener) }()
	return nil
}

func (d *Door) list(response http.ResponseWriter, _ *http.Request) {
	running := map[string]bool{}
	for _, each := range d.Components {
		running[each.Name] = each.Running()
	}
	answer(response, running, nil)
}

func (d *Door) act(response http.ResponseWriter, request *http.Request) {
	name, action := request.PathValue("name"), request.PathValue("action")
	for _, each := range d.Components {
		if each.Name == name {
			answer(response, struct{}{}, d.apply(request.Context(), each, action))
			return
		}
	}
	answer(response, nil, fmt.Errorf("no component %q", name))
}

func (d *Door) apply(ctx context.Context, component *components.Component, action string) error {
	switch action {
	case "pause":
		return component.Signal(syscall.SIGSTOP)
	case "resume":
		return component.Signal(syscall.SIGCONT)
	case "stop":
		component.Stop(false)
		return nil
	case "kill":
		component.Stop(true)
		return nil
	case "start", "restart":
		if action == "restart" {
			component.Stop(false)
		}
		if err := component.Start(); err != nil {
			return err
		}
		return d.answering(ctx, component)
	}
	return fmt.Errorf("no action %q: pause, resume, stop, kill, start or restart", action)
}

// answering waits until what was started does its work, as far as others can see.
func (d *Door) answering(ctx context.Context, component *components.Component) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	switch component.Name {
	case components.Etcd:
		return components.EtcdAnswering(ctx)
	case components.APIServer:
		return components.Answering(ctx, d.Client)
	}
	return nil
}

func (d *Door) compact(response http.ResponseWriter, request *http.Request) {
	revision, err := components.Compact(request.Context())
	answer(response, map[string]string{"revision": revision}, err)
}

func (d *Door) add(response http.ResponseWriter, request *http.Request) {
	var image images.Image
	err := json.NewDecoder(request.Body).Decode(&image)
	if err == nil {
		err = d.Images.Add(request.PathValue("name"), image)
	}
	answer(response, struct{}{}, err)
}

func answer(response http.ResponseWriter, value any, err error) {
	response.Header().Set("Content-Type", "application/json")
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, context.DeadlineExceeded) {
			status = http.StatusGatewayTimeout
		}
		response.WriteHeader(status)
		value = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(response).Encode(value) // the caller has left
}
