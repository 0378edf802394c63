// Package network makes the links of a cluster: from the machine to the node, from the node to each pod.
//
// The node is a network namespace without a name. When its last process is gone the kernel removes it, and with it both
// ends of every link and the routes over them: nothing has to be cleaned up after a crash.
package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/vishvananda/netlink"

	"sallygate.test/rig/internal/plan"
)

const nodeLink = "eth0"

// Join links this machine with the network namespace of a process, in the first slot that is free.
func Join(pid int) (plan.Addresses, error) {
	for slot := range plan.Slots {
		addresses := plan.Addresses{Slot: slot}
		attributes := netlink.NewLinkAttrs()
		attributes.Name = addresses.HostLink()
		err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: nodeLink, PeerNamespace: netlink.NsPid(pid)})
		if errors.Is(err, syscall.EEXIST) {
			continue
		}
		if err != nil {
			return addresses, fmt.Errorf("link %s: %w", attributes.Name, err)
		}
		return addresses, join(addresses)
	}
	return plan.Addresses{}, fmt.Errorf("%d clusters run on this machine already", plan.Slots)
}

func join(addresses plan.Addresses) error {
	link, err := netlink.LinkByName(addresses.HostLink())
	if err != nil {
		return err
	}
	if err := up(link, netip.PrefixFrom(addresses.Host(), plan.LinkBits)); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{
		LinkIndex: link.Attrs().Index, Dst: network(addresses.Range()), Gw: net.IP(addresses.Node().AsSlice()),
	})
}

// Node sets up the node's own side, in the calling process's network namespace.
func Node(addresses plan.Addresses) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	link, err := netlink.LinkByName(nodeLink)
	if err != nil {
		return err
	}
	if err := up(link, netip.PrefixFrom(addresses.Node(), plan.LinkBits)); err != nil {
		return err
	}
	// An address of the ranges that nobody has is unreachable, not sent back to the machine.
	for _, prefix := range []netip.Prefix{addresses.Pods(), addresses.LoadBalancers(), addresses.Services()} {
		route := &netlink.Route{Dst: network(prefix), Type: syscall.RTN_UNREACHABLE}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("route %s: %w", prefix, err)
		}
	}
	if err := own(addresses, link); err != nil {
		return err
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

const ownTable = 100 // of routes, for what the node sends itself

// own lets processes of the node reach Services: the API server its webhooks, pods in the node's network everybody. The
// kernel wants a route before kube-proxy's rules see a packet, and the one that forwarded packets find says unreachable.
func own(addresses plan.Addresses, link netlink.Link) error {
	for _, prefix := range []netip.Prefix{addresses.LoadBalancers(), addresses.Services()} {
		route := &netlink.Route{
			Table: ownTable, Dst: network(prefix), LinkIndex: link.Attrs().Index, Gw: net.IP(addresses.Host().AsSlice()),
		}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("route %s of the node's own: %w", prefix, err)
		}
	}
	rule := netlink.NewRule()
	rule.IifName, rule.Table = "lo", ownTable // where the kernel says that its own packets come from
	if err := netlink.RuleAdd(rule); err != nil {
		return fmt.Errorf("rule for the node's own packets: %w", err)
	}
	return nil
}

func up(link netlink.Link, address netip.Prefix) error {
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: host(address)}); err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	return netlink.LinkSetUp(link)
}

func network(prefix netip.Prefix) *net.IPNet { return host(prefix.Masked()) }

func host(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: net.IP(prefix.Addr().AsSlice()), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}
}
