package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const longestBody = 1 << 20 // echoed; the rest is read and counted

// Report is the answer.
type Report struct {
	Method    string              `json:"method"`
	Path      string              `json:"path"` // with the query, as it came
	Host      string              `json:"host"`
	Proto     string              `json:"proto"`
	Headers   map[string][]string `json:"headers"`
	Body      string              `json:"body"`
	Bytes     int64               `json:"bytes"`  // of the body
	Client    string              `json:"client"` // address and port
	Port      string              `json:"httpPort"`
	Pod       string              `json:"pod"`
	Namespace string              `json:"namespace"`
	Service   string              `json:"service"`
	Ingress   string              `json:"ingress"`
	TLS       *Session            `json:"tls"`
}

// Session says how the client came, if over TLS.
type Session struct {
	Version            string   `json:"version"`
	ServerName         string   `json:"serverName"`
	NegotiatedProtocol string   `json:"negotiatedProtocol"`
	CipherSuite        string   `json:"cipherSuite"`
	PeerCertificates   []string `json:"peerCertificates"` // PEM
}

// health is what /health answers: a test that wants a pod to be unready puts another status there.
var health atomic.Int32

func echo(port string) http.Handler {
	// No mux: it would clean paths, and a path is reported as it came.
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		switch text, put := strings.CutPrefix(request.URL.Path, "/health/"); {
		case request.URL.Path == "/health":
			response.WriteHeader(int(health.Load()))
		case put && request.Method == http.MethodPut:
			health.Store(int32(status(text)))
		default:
			answer(response, request, port)
		}
	})
}

// status from a path; 200 if it is none.
func status(text string) int {
	if number, err := strconv.Atoi(text); err == nil && number >= 200 && number <= 599 {
		return number
	}
	return http.StatusOK
}

func answer(response http.ResponseWriter, request *http.Request, port string) {
	log.Printf("Echoing back request made to %s to client (%s)", request.RequestURI, request.RemoteAddr)
	if delay, err := time.ParseDuration(request.URL.Query().Get("delay")); err == nil {
		select {
		case <-time.After(delay):
		case <-request.Context().Done():
			return
		}
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, longestBody))
	if err != nil {
		return // the client has left
	}
	rest, err := io.Copy(io.Discard, request.Body)
	if err != nil {
		return
	}
	report := Report{
		Method: request.Method, Path: request.RequestURI, Host: request.Host, Proto: request.Proto,
		Headers: request.Header, Body: string(body), Bytes: int64(len(body)) + rest, Client: request.RemoteAddr, Port: port,
		Pod: os.Getenv("POD_NAME"), Namespace: os.Getenv("NAMESPACE"),
		Service: os.Getenv("SERVICE_NAME"), Ingress: os.Getenv("INGRESS_NAME"), TLS: session(request.TLS),
	}
	response.Header().Set("Content-Type", "application/json")
	response.Header().Set("X-Content-Type-Options", "nosniff")
	code := http.StatusOK
	if text, ok := strings.CutPrefix(request.URL.Path, "/status/"); ok {
		code = status(text)
	}
	response.WriteHeader(code)
	encoder := json.NewEncoder(response)
	encoder.SetIndent("", " ")
	_ = encoder.Encode(report) // the client has left
}

func session(state *tls.ConnectionState) *Session {
	if state == nil {
		return nil
	}
	found := &Session{
		Version: tls.VersionName(state.Version), ServerName: state.ServerName,
		NegotiatedProtocol: state.NegotiatedProtocol, CipherSuite: tls.CipherSuiteName(state.CipherSuite),
	}
	for _, each := range state.PeerCertificates {
		block := &pem.Block{Type: "CERTIFICATE", Bytes: each.Raw}
		found.PeerCertificates = append(found.PeerCertificates, string(pem.EncodeToMemory(block)))
	}
	return found
}

// clients are asked for a certificate if TLS_CLIENT_CACERTS names a file, and need none.
func clients() *tls.Config {
	path := os.Getenv("TLS_CLIENT_CACERTS")
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}
}
