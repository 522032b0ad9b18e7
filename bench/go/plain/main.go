// SPDX-License-Identifier: MIT

// Plain answers GET /plain with net/http: the twin of bench/bora/plain.
//
//	plain PORT
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "Hello, World!\n")
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: plain PORT")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plain)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], mux))
}
