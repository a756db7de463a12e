// Calls the Greeter from Go, in all four ways.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"polyglot/pb"
)

// For all calls together.
const timeout = 10 * time.Second

var names = []string{"Ada", "Grace", "Mary"}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// all reads a stream to its end.
func all(receive func() (*pb.Greeting, error)) string {
	var texts []string
	for {
		greeting, err := receive()
		if err == io.EOF {
			return strings.Join(texts, " ")
		}
		check(err)
		texts = append(texts, greeting.Text)
	}
}

func main() {
	port := flag.Int("port", 50051, "the server's")
	flag.Parse()
	target := fmt.Sprintf("127.0.0.1:%d", *port)
	channel, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer channel.Close()
	stub := pb.NewGreeterClient(channel)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	asGo := metadata.AppendToOutgoingContext(ctx, "caller", "go")

	var headers, trailers metadata.MD
	greeting, err := stub.Greet(asGo, &pb.Person{Name: "Ada"}, grpc.Header(&headers))
	check(err)
	fmt.Println("unary:", greeting.Text)
	fmt.Println("metadata:", strings.Join(headers.Get("served-by"), ","))

	often, err := stub.GreetOften(ctx, &pb.Often{Name: "Ada", Times: 3})
	check(err)
	fmt.Println("server streaming:", all(often.Recv))

	together, err := stub.GreetAll(ctx)
	check(err)
	for _, name := range names {
		check(together.Send(&pb.Person{Name: name}))
	}
	greeting, err = together.CloseAndRecv()
	check(err)
	fmt.Println("client streaming:", greeting.Text)

	chat, err := stub.Chat(ctx)
	check(err)
	for _, name := range names {
		check(chat.Send(&pb.Person{Name: name}))
	}
	check(chat.CloseSend())
	fmt.Println("both streaming:", all(chat.Recv))

	_, err = stub.Greet(asGo, &pb.Person{}, grpc.Trailer(&trailers))
	refused := strings.Join(trailers.Get("refused"), ",")
	fmt.Printf("error: %d, %s, to %s\n", status.Code(err), status.Convert(err).Message(), refused)
}
