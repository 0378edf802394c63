// The echo server of the test cluster: it answers with what it received, as JSON, over HTTP/1.1, HTTP/2 in the clear and TLS.
//
// HTTP_PORT (3000) speaks HTTP/1.1, H2C_PORT (3001) HTTP/2 as well; HTTPS_PORT (8443) is open if TLS_SERVER_CERT and
// TLS_SERVER_PRIVKEY name files. /status/N answers N, ?delay=1s waits first. /health answers 200, or what was PUT as /health/N.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	log.SetFlags(0)
	health.Store(http.StatusOK)
	failed := make(chan error)
	serve := func(name, standard string, protocols *http.Protocols, run func(*http.Server, net.Listener) error) {
		port := setting(name, standard)
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: echo(port), Protocols: protocols}
		go func() { failed <- run(server, listener) }()
	}
	plain := func(server *http.Server, listener net.Listener) error { return server.Serve(listener) }
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	serve("HTTP_PORT", "3000", nil, plain)
	serve("H2C_PORT", "3001", both, plain)
	if certificate, key := os.Getenv("TLS_SERVER_CERT"), os.Getenv("TLS_SERVER_PRIVKEY"); certificate != "" && key != "" {
		serve("HTTPS_PORT", "8443", nil, func(server *http.Server, listener net.Listener) error {
			server.TLSConfig = clients()
			return server.ServeTLS(listener, certificate, key)
		})
	}
	fmt.Println("echo server ready")
	log.Fatal(<-failed)
}

func setting(name, standard string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return standard
}
