import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Read one secret from the sidecar: {@code java GetSecret.java database-password} (Java 17). */
public final class GetSecret {
    private static final String SECRETS_URL =
            System.getenv().getOrDefault("SECRETS_URL", "http://localhost:8080");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** A secret's current value. While the vault is busy, try twice more, after the time it asks for. */
    public static String getSecret(String name) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder()
                .uri(URI.create(SECRETS_URL + "/v1/secrets/" + URLEncoder.encode(name, UTF_8)))
                .timeout(Duration.ofSeconds(10))
                .build();
        for (int triesLeft = 2; ; triesLeft--) {
            HttpResponse<String> response;
            try {
                response = CLIENT.send(request, BodyHandlers.ofString(UTF_8));
            } catch (IOException error) {
                throw new IOException("no answer from " + SECRETS_URL + ": " + error, error);
            }
            int status = response.statusCode();
            if ((status == 429 || status == 503) && triesLeft > 0) {
                Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(1));
                continue;
            }
            String text = member(response, status == 200 ? "value" : "detail");
            switch (status) {
                case 200: return text;
                case 403: throw new AccessDeniedException("denied: " + text);
                case 404: throw new NoSuchFileException("not found: " + text);
                default: throw new IOException("HTTP " + status + ": " + text);
            }
        }
    }

    /**
     * A string member of a flat JSON object; Java's own library reads no JSON. Use your JSON library if you have one.
     * Quotes inside strings are escaped, so only the member's own name matches.
     */
    private static String member(HttpResponse<String> response, String name) throws IOException {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*+)\"").matcher(response.body());
        if (!found.find()) {
            throw new IOException(
                    "HTTP " + response.statusCode() + " from " + response.uri() + ": not an answer of the sidecar");
        }
        return Pattern.compile("\\\\(?:u(....)|(.))").matcher(found.group(1)).replaceAll(escape -> {
            char c = escape.group(1) != null
                    ? (char) Integer.parseInt(escape.group(1), 16)
                    : "\b\f\n\r\t\"\\/".charAt("bfnrt\"\\/".indexOf(escape.group(2)));
            return Matcher.quoteReplacement(String.valueOf(c));
        });
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 1) {
            System.err.println("usage: GetSecret NAME");
            System.exit(2);
        }
        try {
            new PrintStream(System.out, true, UTF_8).println(getSecret(arguments[0])); // only an example prints a secret
        } catch (IOException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }
}
