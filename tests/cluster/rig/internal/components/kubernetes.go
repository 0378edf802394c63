package components

import (
	"fmt"
	"net/netip"
	"os"

	"sallygate.test/rig/internal/pki"
	"sallygate.test/rig/internal/plan"
)

// Names of the components, as tests call them.
const (
	Etcd       = "etcd"
	APIServer  = "kube-apiserver"
	Controller = "kube-controller-manager"
	Scheduler  = "kube-scheduler"
	Proxy      = "kube-proxy"
)

// Every request is recorded once, when it is answered, without its body: enough to count, and to see which rule of
// RBAC let it pass.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// Changes reach the packet filter at once: a rolling restart is over in less than kube-proxy's usual second.
const proxyConfiguration = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: %s
bindAddress: 0.0.0.0
healthzBindAddress: 127.0.0.1:%d
metricsBindAddress: ""
clientConnection: {kubeconfig: %s}
conntrack: {maxPerCore: 0}
nftables: {minSyncPeriod: 10ms, syncPeriod: 30s}
`

// Kubernetes writes the certificates and files of all components, and returns the components in the order to start.
func Kubernetes(configuration plan.Configuration, addresses plan.Addresses) ([]*Component, error) {
	authority, err := pki.New(configuration.File("pki"))
	if err != nil {
		return nil, err
	}
	if err := certificates(configuration, addresses, authority); err != nil {
		return nil, err
	}
	auditFile := configuration.File("audit-policy.yaml")
	if err := os.WriteFile(auditFile, []byte(auditPolicy), 0o644); err != nil {
		return nil, err
	}
	proxyFile := configuration.File("kube-proxy.yaml")
	text := fmt.Sprintf(proxyConfiguration, plan.NodeName, plan.ProxyPort, configuration.File("kube-proxy.kubeconfig"))
	if err := os.WriteFile(proxyFile, []byte(text), 0o644); err != nil {
		return nil, err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", plan.EtcdPort)
	component := func(name, path string, args ...string) *Component {
		return &Component{Name: name, Path: path, Args: args, Log: configuration.File(name + ".log")}
	}
	kubernetes := func(name string, args ...string) *Component {
		return component(name, configuration.Control, append([]string{name}, args...)...)
	}
	return []*Component{
		component(Etcd, configuration.Etcd, "--data-dir", configuration.File("etcd"), "--client-url", url),
		kubernetes(APIServer,
			"--etcd-servers", url,
			"--etcd-compaction-interval=0", // tests compact when they want to
			"--bind-address=0.0.0.0",
			"--advertise-address", addresses.Node().String(),
			"--secure-port", fmt.Sprint(plan.APIServerPort),
			"--service-cluster-ip-range", addresses.Services().String(),
			"--authorization-mode=RBAC",
			"--allow-privileged=true",
			"--client-ca-file", authority.Path("ca.crt"),
			"--tls-cert-file", authority.Path("server.crt"),
			"--tls-private-key-file", authority.Path("server.key"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file", authority.Path("tokens.key"),
			"--service-account-signing-key-file", authority.Path("tokens.key"),
			"--kubelet-certificate-authority", authority.Path("ca.crt"),
			"--kubelet-client-certificate", authority.Path("apiserver.crt"),
			"--kubelet-client-key", authority.Path("apiserver.key"),
			"--kubelet-preferred-address-types=InternalIP",
			"--audit-policy-file", auditFile,
			"--audit-log-path", configuration.Audit(),
			"--audit-log-maxsize=1000", // MB; a test reads one file, from where it began
			"--cert-dir", configuration.File("apiserver"),
			"--shutdown-delay-duration=0s",
		),
		kubernetes(Controller,
			"--kubeconfig", configuration.File("controllers.kubeconfig"),
			"--leader-elect=false",
			"--bind-address=127.0.0.1",
			"--secure-port", fmt.Sprint(plan.ControllerPort),
			"--cert-dir", configuration.File("controllers"),
			"--service-account-private-key-file", authority.Path("tokens.key"),
			"--root-ca-file", authority.Path("ca.crt"),
			"--use-service-account-credentials=true",
			// An outage that a test makes must not let the only node look lost.
			"--node-monitor-grace-period=1h",
		),
		kubernetes(Scheduler,
			"--kubeconfig", configuration.File("scheduler.kubeconfig"),
			"--leader-elect=false",
			"--bind-address=127.0.0.1",
			"--secure-port", fmt.Sprint(plan.SchedulerPort),
			"--cert-dir", configuration.File("scheduler"),
		),
		kubernetes(Proxy, "--config", proxyFile),
	}, nil
}

func certificates(configuration plan.Configuration, addresses plan.Addresses, authority *pki.Authority) error {
	names := []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
	local := netip.MustParseAddr("127.0.0.1")
	server := fmt.Sprintf("https://%s:%d", addresses.Node(), plan.APIServerPort)
	kubeconfig := func(file, user, group string) func() error {
		return func() error { return authority.Kubeconfig(file, server, user, group) }
	}
	for _, step := range []func() error{
		func() error {
			return authority.Server("server", names, addresses.Node(), addresses.KubernetesService(), local)
		},
		func() error { return authority.Server("kubelet-server", nil, addresses.Node()) },
		func() error { return authority.Client("apiserver", "kube-apiserver") },
		func() error { return authority.SigningKey("tokens.key") },
		kubeconfig(configuration.Kubeconfig(), "admin", "system:masters"),
		kubeconfig(configuration.File("kubelet.kubeconfig"), "kubelet", "system:masters"),
		kubeconfig(configuration.File("controllers.kubeconfig"), "system:kube-controller-manager", ""),
		kubeconfig(configuration.File("scheduler.kubeconfig"), "system:kube-scheduler", ""),
		kubeconfig(configuration.File("kube-proxy.kubeconfig"), "system:kube-proxy", ""),
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
