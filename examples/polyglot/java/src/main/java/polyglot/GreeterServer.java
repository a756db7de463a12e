package polyglot;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** The Greeter in Java. */
public final class GreeterServer {
  private static final Metadata.Key<String> CALLER = key("caller");
  private static final Metadata.Key<String> SERVED_BY = key("served-by");
  private static final Metadata.Key<String> REFUSED = key("refused");
  private static final Context.Key<String> NAMED = Context.key("caller");

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Greeting hello(String name) {
    return Greeting.newBuilder().setText("Hello, " + name + "!").build();
  }

  /** Metadata is an interceptor's: services see messages. */
  private static final class Names implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata given, ServerCallHandler<Q, A> next) {
      String caller = given.get(CALLER);
      ServerCall<Q, A> answering =
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata headers) {
              headers.put(SERVED_BY, "java for " + caller);
              super.sendHeaders(headers);
            }
          };
      return Contexts.interceptCall(
          Context.current().withValue(NAMED, caller), answering, given, next);
    }
  }

  private static final class Greeter extends GreeterGrpc.GreeterImplBase {
    @Override
    public void greet(Person person, StreamObserver<Greeting> answer) {
      if (person.getName().isEmpty()) {
        Metadata trailers = new Metadata();
        trailers.put(REFUSED, NAMED.get());
        answer.onError(
            Status.INVALID_ARGUMENT
                .withDescription("a name is needed")
                .asRuntimeException(trailers));
        return;
      }
      answer.onNext(hello(person.getName()));
      answer.onCompleted();
    }

    @Override
    public void greetOften(Often often, StreamObserver<Greeting> answers) {
      for (int number = 1; number <= often.getTimes(); number++) {
        answers.onNext(hello(often.getName() + ", " + number));
      }
      answers.onCompleted();
    }

    @Override
    public StreamObserver<Person> greetAll(StreamObserver<Greeting> answer) {
      List<String> names = new ArrayList<>();
      return new People(answer) {
        @Override
        public void onNext(Person person) {
          names.add(person.getName());
        }

        @Override
        public void onCompleted() {
          answer.onNext(hello(String.join(" and ", names)));
          answer.onCompleted();
        }
      };
    }

    @Override
    public StreamObserver<Person> chat(StreamObserver<Greeting> answers) {
      return new People(answers) {
        @Override
        public void onNext(Person person) {
          answers.onNext(hello(person.getName()));
        }

        @Override
        public void onCompleted() {
          answers.onCompleted();
        }
      };
    }
  }

  /** A stream of requests; a client that leaves ends the call. */
  private abstract static class People implements StreamObserver<Person> {
    private final StreamObserver<Greeting> answers;

    People(StreamObserver<Greeting> answers) {
      this.answers = answers;
    }

    @Override
    public void onError(Throwable error) {
      answers.onError(error);
    }
  }

  public static void main(String[] arguments) throws Exception {
    var address = new InetSocketAddress("127.0.0.1", Arguments.port(arguments));
    var service = ServerInterceptors.intercept(new Greeter(), new Names());
    var server = NettyServerBuilder.forAddress(address).addService(service).build().start();
    System.out.println("Server started, listening on " + server.getPort());
    server.awaitTermination();
  }
}
