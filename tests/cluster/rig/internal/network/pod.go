package network

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"sallygate.test/rig/internal/plan"
)

// Each pod has a link of its own to the node and is routed, not bridged: so the node's packet filter sees every packet
// between two pods, and a Service's address is translated back on the way home.
var gateway = netip.MustParsePrefix("169.254.1.1/32")

// Pods hands out network namespaces with an address.
type Pods struct {
	addresses plan.Addresses
	lock      sync.Mutex
	next      netip.Addr
	used      map[netip.Addr]bool
	made      int
}

// Pod is one pod's network namespace. It lives as long as it is open or a process is in it.
type Pod struct {
	Address   netip.Addr
	Namespace netns.NsHandle
	link      string
	pods      *Pods
}

// NewPods starts with nothing handed out.
func NewPods(addresses plan.Addresses) *Pods {
	return &Pods{addresses: addresses, next: addresses.Pods().Addr(), used: map[netip.Addr]bool{}}
}

// Add makes a network namespace with its link and an address that was not used for as long as possible.
func (p *Pods) Add() (*Pod, error) {
	address, name, err := p.reserve()
	if err != nil {
		return nil, err
	}
	namespace, err := create()
	if err != nil {
		p.free(address)
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	pod := &Pod{Address: address, Namespace: namespace, link: name, pods: p}
	if err := pod.connect(p.addresses.Node()); err != nil {
		pod.Close()
		return nil, fmt.Errorf("link of pod %s: %w", address, err)
	}
	return pod, nil
}

// Close takes the link away; the address can be handed out again.
func (p *Pod) Close() {
	if link, err := netlink.LinkByName(p.link); err == nil {
		_ = netlink.LinkDel(link) // gone with its namespace otherwise
	}
	_ = p.Namespace.Close()
	p.pods.free(p.Address)
}

func (p *Pods) reserve() (netip.Addr, string, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	room := p.addresses.Pods()
	for range 1 << (32 - room.Bits()) {
		p.next = p.next.Next()
		if !room.Contains(p.next) {
			p.next = room.Addr().Next()
		}
		if !p.used[p.next] {
			p.used[p.next] = true
			p.made++
			return p.next, fmt.Sprintf("pod%d", p.made), nil
		}
	}
	return netip.Addr{}, "", fmt.Errorf("every address of %s is a pod's", room)
}

func (p *Pods) free(address netip.Addr) {
	p.lock.Lock()
	defer p.lock.Unlock()
	delete(p.used, address)
}

// create makes a namespace on a thread that goes back to where it was.
func create() (netns.NsHandle, error) {
	runtime.LockOSThread() // not unlocked on an error: the thread then ends with its goroutine
	before, err := netns.Get()
	if err != nil {
		return -1, err
	}
	defer before.Close()
	made, err := netns.New()
	if err != nil {
		return -1, err
	}
	// As container runtimes do: a process without privileges may listen on port 80 of its own pod.
	err = os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0o644)
	if back := netns.Set(before); back != nil {
		return -1, back
	}
	runtime.UnlockOSThread()
	return made, err
}

func (p *Pod) connect(node netip.Addr) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = p.link
	veth := &netlink.Veth{LinkAttrs: attributes, PeerName: nodeLink, PeerNamespace: netlink.NsFd(int(p.Namespace))}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	link, err := netlink.LinkByName(p.link)
	if err != nil {
		return err
	}
	// The node's address comes first: it is what kube-proxy's masquerading takes, and what a pod sees of a client.
	for _, address := range []netip.Prefix{netip.PrefixFrom(node, 32), gateway} {
		if err := up(link, address); err != nil {
			return err
		}
	}
	own := netip.PrefixFrom(p.Address, 32)
	if err := p.configure(own); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{
		LinkIndex: link.Attrs().Index, Dst: network(own), Src: net.IP(node.AsSlice()), Scope: netlink.SCOPE_LINK,
	})
}

func (p *Pod) configure(own netip.Prefix) error {
	inside, err := netlink.NewHandleAt(p.Namespace)
	if err != nil {
		return err
	}
	defer inside.Close()
	loopback, err := inside.LinkByName("lo")
	if err != nil {
		return err
	}
	link, err := inside.LinkByName(nodeLink)
	if err != nil {
		return err
	}
	if err := inside.AddrAdd(link, &netlink.Addr{IPNet: host(own)}); err != nil {
		return err
	}
	for _, each := range []netlink.Link{loopback, link} {
		if err := inside.LinkSetUp(each); err != nil {
			return err
		}
	}
	index := link.Attrs().Index
	direct := &netlink.Route{LinkIndex: index, Dst: network(gateway), Scope: netlink.SCOPE_LINK}
	if err := inside.RouteAdd(direct); err != nil {
		return err
	}
	everything := netip.MustParsePrefix("0.0.0.0/0")
	return inside.RouteAdd(&netlink.Route{LinkIndex: index, Dst: network(everything), Gw: net.IP(gateway.Addr().AsSlice())})
}
