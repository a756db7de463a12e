// A receiver of anything on grpc-go: it decompresses each request, does not look into it, and answers with an empty message.
package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip"
)

type plain struct{}

func (plain) Name() string { return "proto" }

func (plain) Marshal(value any) ([]byte, error) { return *value.(*[]byte), nil }

func (plain) Unmarshal(data []byte, value any) error {
	*value.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func answer(_ any, stream grpc.ServerStream) error {
	var request, response []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	return stream.SendMsg(&response)
}

func main() {
	encoding.RegisterCodec(plain{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(answer), grpc.MaxRecvMsgSize(64<<20))
	fmt.Println(listener.Addr())
	go func() {
		// It ends with whoever started it.
		io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
