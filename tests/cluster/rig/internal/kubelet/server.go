package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/klog/v2"

	"sallygate.test/rig/internal/plan"
)

// Serve answers the API server's questions for logs, to clients with a certificate of the cluster's authority.
func (k *Kubelet) Serve(ctx context.Context, configuration plan.Configuration) error {
	authority, err := os.ReadFile(configuration.File("pki", "ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	server := &http.Server{
		Addr: fmt.Sprintf("%s:%d", k.addresses.Node(), plan.KubeletPort), Handler: mux,
		TLSConfig: &tls.Config{ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert},
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	go func() {
		err := server.ListenAndServeTLS(configuration.File("pki", "kubelet-server.crt"), configuration.File("pki", "kubelet-server.key"))
		if !errors.Is(err, http.ErrServerClosed) {
			klog.ErrorS(err, "kubelet server")
		}
	}()
	return nil
}

func (k *Kubelet) logs(response http.ResponseWriter, request *http.Request) {
	options, err := logOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	w := k.findByName(request.PathValue("namespace"), request.PathValue("pod"))
	if w == nil {
		http.Error(response, "no such pod on this node", http.StatusNotFound)
		return
	}
	name := request.PathValue("container")
	previous := request.URL.Query().Get("previous") == "true"
	var path string
	w.ask(func() { path = w.log(name, previous) })
	if path == "" {
		http.Error(response, fmt.Sprintf("container %q has no log", name), http.StatusBadRequest)
		return
	}
	response.Header().Set("Content-Type", "text/plain")
	out := &flushing{response}
	status := runtimeStatus{worker: w, container: name, path: path}
	if err := logs.ReadLogs(request.Context(), path, name, options, status, out, out); err != nil {
		klog.ErrorS(err, "log", "path", path)
	}
}

// log is the path of a container's log: of its current or last run, or of the one before.
func (w *worker) log(name string, previous bool) string {
	for _, each := range w.containers {
		attempt := each.restarts
		if previous {
			attempt--
		}
		if each.spec.Name != name || attempt < 0 {
			continue
		}
		if path := each.logFile(attempt); exists(path) {
			return path
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func logOptions(request *http.Request) (*logs.LogOptions, error) {
	query := request.URL.Query()
	options := &logs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	for name, target := range map[string]**int64{"tailLines": &options.TailLines, "limitBytes": &options.LimitBytes} {
		if text := query.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			*target = &number
		}
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("sinceTime: %w", err)
		}
		options.Since = since
	}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("sinceSeconds: %w", err)
		}
		options.Since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	return options, nil
}

// flushing sends each line at once: somebody may be following.
type flushing struct{ http.ResponseWriter }

func (f *flushing) Write(text []byte) (int, error) {
	count, err := f.ResponseWriter.Write(text)
	if flusher, ok := f.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	return count, err
}

// runtimeStatus answers the one question that following a log asks of a container runtime: does it run still?
type runtimeStatus struct {
	internalapi.RuntimeService // the rest is never called

	worker          *worker
	container, path string
}

func (r runtimeStatus) ContainerStatus(context.Context, string, bool) (*cri.ContainerStatusResponse, error) {
	state := cri.ContainerState_CONTAINER_EXITED
	r.worker.ask(func() {
		for _, each := range r.worker.containers {
			if each.spec.Name == r.container && each.process != nil && each.process.log == r.path {
				state = cri.ContainerState_CONTAINER_RUNNING
			}
		}
	})
	return &cri.ContainerStatusResponse{Status: &cri.ContainerStatus{State: state}}, nil
}
