package components

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"sallygate.test/rig/internal/plan"
)

const (
	pollInterval = 20 * time.Millisecond
	dialTimeout  = time.Second // a packet that nobody forwards is not waited for longer
)

// Answering waits until the API server says that it is ready.
func Answering(ctx context.Context, client kubernetes.Interface) error {
	return poll(ctx, "the API server", func() error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	})
}

// EtcdAnswering waits until etcd has a leader.
func EtcdAnswering(ctx context.Context) error {
	return poll(ctx, "etcd", func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, etcd("/health"), http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", response.Status)
		}
		return nil
	})
}

func poll(ctx context.Context, what string, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", what, err)
		case <-time.After(pollInterval):
		}
	}
}

// Compact forgets every revision of etcd but the newest: who continues from an older one is told 410. It returns that
// newest revision.
func Compact(ctx context.Context) (string, error) {
	var now struct {
		Header struct{ Revision string }
	}
	if err := ask(ctx, "/v3/kv/range", map[string]any{"key": "AA==", "count_only": true}, &now); err != nil {
		return "", err
	}
	compaction := map[string]any{"revision": now.Header.Revision, "physical": true}
	return now.Header.Revision, ask(ctx, "/v3/kv/compaction", compaction, &now)
}

func etcd(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", plan.EtcdPort, path) }

func ask(ctx context.Context, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, etcd(path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd %s: %s: %s", path, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

// Forwarding waits until kube-proxy has made its first rules: the API server answers at the address that pods have of it.
func Forwarding(ctx context.Context, addresses plan.Addresses) error {
	service := netip.AddrPortFrom(addresses.KubernetesService(), 443).String()
	return poll(ctx, "kube-proxy", func() error {
		connection, err := net.DialTimeout("tcp", service, dialTimeout)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

// Populated waits until pods can be made in the default namespace: the controllers have made its ServiceAccount.
func Populated(ctx context.Context, client kubernetes.Interface) error {
	return poll(ctx, "the ServiceAccount controller", func() error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}
