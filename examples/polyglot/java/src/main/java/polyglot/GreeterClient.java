package polyglot;

import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Calls the Greeter from Java, in all four ways. */
public final class GreeterClient {
  /** Seconds for a call. */
  private static final int TIMEOUT = 10;

  private static final List<String> NAMES = List.of("Ada", "Grace", "Mary");

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Person named(String name) {
    return Person.newBuilder().setName(name).build();
  }

  /** What a stream brings, once it has ended. */
  private static final class Texts extends CompletableFuture<String>
      implements StreamObserver<Greeting> {
    private final List<String> texts = new ArrayList<>();

    @Override
    public void onNext(Greeting greeting) {
      texts.add(greeting.getText());
    }

    @Override
    public void onError(Throwable error) {
      completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      complete(String.join(" ", texts));
    }
  }

  private static void send(StreamObserver<Person> people) {
    for (String name : NAMES) {
      people.onNext(named(name));
    }
    people.onCompleted();
  }

  public static void main(String[] arguments) throws Exception {
    var target = "127.0.0.1:" + Arguments.port(arguments);
    var channel = ManagedChannelBuilder.forTarget(target).usePlaintext().build();
    Metadata caller = new Metadata();
    caller.put(key("caller"), "java");
    var headers = new AtomicReference<Metadata>();
    var trailers = new AtomicReference<Metadata>();
    var blocking =
        GreeterGrpc.newBlockingStub(channel)
            .withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(caller),
                MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));

    Greeting greeting = blocking.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS).greet(named("Ada"));
    System.out.println("unary: " + greeting.getText());
    System.out.println("metadata: " + headers.get().get(key("served-by")));

    Often often = Often.newBuilder().setName("Ada").setTimes(3).build();
    List<String> texts = new ArrayList<>();
    Iterator<Greeting> greetings =
        blocking.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS).greetOften(often);
    greetings.forEachRemaining(each -> texts.add(each.getText()));
    System.out.println("server streaming: " + String.join(" ", texts));

    var stub = GreeterGrpc.newStub(channel);
    Texts together = new Texts();
    send(stub.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS).greetAll(together));
    System.out.println("client streaming: " + together.get());

    Texts chat = new Texts();
    send(stub.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS).chat(chat));
    System.out.println("both streaming: " + chat.get());

    try {
      blocking.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS).greet(named(""));
    } catch (StatusRuntimeException error) {
      var status = error.getStatus();
      var refused = error.getTrailers().get(key("refused"));
      System.out.println(
          "error: " + status.getCode().value() + ", " + status.getDescription() + ", to " + refused);
    }
    channel.shutdown().awaitTermination(TIMEOUT, TimeUnit.SECONDS);
  }
}
