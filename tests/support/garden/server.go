// What Go's net/http read. Run with the number of a listening socket.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

// latin1 has one character per byte, as the other origins report.
func latin1(bytes []byte) string {
	runes := make([]rune, len(bytes))
	for at, one := range bytes {
		runes[at] = rune(one)
	}
	return string(runes)
}

func echo(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	text, _ := json.Marshal(map[string]string{
		"method": request.Method,
		"target": latin1([]byte(request.RequestURI)),
		"host":   request.Host,
		"body":   latin1(body),
	})
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(text)))
	writer.Write(text)
}

func main() {
	number, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.FileListener(os.NewFile(uintptr(number), "listener"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(echo)))
}
