// The Greeter in Go.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"polyglot/pb"
)

type greeter struct {
	pb.UnimplementedGreeterServer
}

func hello(name string) *pb.Greeting {
	return &pb.Greeting{Text: fmt.Sprintf("Hello, %s!", name)}
}

func (greeter) Greet(ctx context.Context, person *pb.Person) (*pb.Greeting, error) {
	given, _ := metadata.FromIncomingContext(ctx)
	caller := strings.Join(given.Get("caller"), ",")
	if person.Name == "" {
		if err := grpc.SetTrailer(ctx, metadata.Pairs("refused", caller)); err != nil {
			return nil, err
		}
		return nil, status.Error(codes.InvalidArgument, "a name is needed")
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs("served-by", "go for "+caller)); err != nil {
		return nil, err
	}
	return hello(person.Name), nil
}

func (greeter) GreetOften(often *pb.Often, stream grpc.ServerStreamingServer[pb.Greeting]) error {
	for number := range often.Times {
		if err := stream.Send(hello(fmt.Sprintf("%s, %d", often.Name, number+1))); err != nil {
			return err
		}
	}
	return nil
}

func (greeter) GreetAll(stream grpc.ClientStreamingServer[pb.Person, pb.Greeting]) error {
	var names []string
	for {
		person, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(hello(strings.Join(names, " and ")))
		}
		if err != nil {
			return err
		}
		names = append(names, person.Name)
	}
}

func (greeter) Chat(stream grpc.BidiStreamingServer[pb.Person, pb.Greeting]) error {
	for {
		person, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(hello(person.Name)); err != nil {
			return err
		}
	}
}

func main() {
	port := flag.Int("port", 50051, "0 takes a free one")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterGreeterServer(server, greeter{})
	fmt.Printf("Server started, listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
