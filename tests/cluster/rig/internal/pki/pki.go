// Package pki makes the certificates and kubeconfigs of one cluster. They live as long as its folder.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const validity = 30 * 24 * time.Hour // no test cluster lives longer

// Authority signs everything: servers, clients, the kubelet.
type Authority struct {
	folder      string
	key         crypto.Signer
	certificate *x509.Certificate
	serial      int64
}

// New makes an authority that writes into a folder.
func New(folder string) (*Authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rig"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	authority := &Authority{folder: folder, key: key, certificate: certificate, serial: 1}
	return authority, authority.write("ca.crt", "CERTIFICATE", raw)
}

// Path of a file that the authority wrote.
func (a *Authority) Path(name string) string { return filepath.Join(a.folder, name) }

// Server writes NAME.crt and NAME.key for a server at these names and addresses.
func (a *Authority) Server(name string, hosts []string, addresses ...netip.Addr) error {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: hosts, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.IP(address.AsSlice()))
	}
	return a.issue(name, template)
}

// Client writes NAME.crt and NAME.key for a user in these groups.
func (a *Authority) Client(name, user string, groups ...string) error {
	return a.issue(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Kubeconfig writes a kubeconfig for a new client, with everything in the file itself.
func (a *Authority) Kubeconfig(path, server, user string, groups ...string) error {
	if err := a.Client(user, user, groups...); err != nil {
		return err
	}
	var data [3][]byte
	for index, name := range []string{"ca.crt", user + ".crt", user + ".key"} {
		text, err := os.ReadFile(a.Path(name))
		if err != nil {
			return err
		}
		data[index] = text
	}
	configuration := api.NewConfig()
	configuration.Clusters["rig"] = &api.Cluster{Server: server, CertificateAuthorityData: data[0]}
	configuration.AuthInfos[user] = &api.AuthInfo{ClientCertificateData: data[1], ClientKeyData: data[2]}
	configuration.Contexts["rig"] = &api.Context{Cluster: "rig", AuthInfo: user}
	configuration.CurrentContext = "rig"
	return clientcmd.WriteToFile(*configuration, path)
}

// SigningKey writes the RSA key that tokens of ServiceAccounts are signed with.
func (a *Authority) SigningKey(name string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return a.write(name, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func (a *Authority) issue(name string, template *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(validity)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := a.write(name+".key", "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return a.write(name+".crt", "CERTIFICATE", raw)
}

func (a *Authority) write(name, kind string, raw []byte) error {
	return os.WriteFile(a.Path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
}
