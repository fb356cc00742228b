import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;

/** Orders an image twice at each service with the JDK's default HTTP client. Arguments: a token, then addresses. */
class Draw {
  private static final String ORDER =
      "{\"version\": \"sketch\", \"prompt\": \"a harbour\", \"width\": 64, \"height\": 64}";

  public static void main(String[] arguments) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    for (String url : Arrays.copyOfRange(arguments, 1, arguments.length)) {
      for (int order = 0; order < 2; order++) {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(url + "/api/images"))
                .header("Authorization", "Bearer " + arguments[0])
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(ORDER))
                .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.version() + " " + answer.body());
      }
    }
  }
}
