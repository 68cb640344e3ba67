import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.exceptions.NamespaceNotEmptyException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.CatalogHandlers;
import org.apache.iceberg.rest.RESTSerializers;
import org.apache.iceberg.rest.requests.CreateNamespaceRequest;
import org.apache.iceberg.rest.requests.CreateTableRequest;
import org.apache.iceberg.rest.requests.RegisterTableRequest;
import org.apache.iceberg.rest.requests.RenameTableRequest;
import org.apache.iceberg.rest.requests.UpdateNamespacePropertiesRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ConfigResponse;
import org.apache.iceberg.rest.responses.ErrorResponse;

/**
 * Apache Iceberg's own server-side handlers over its JDBC catalog, behind the HTTP server of the JDK.
 *
 * <p>Only routes and status codes are of this file; what a request means is Apache's. There is no authentication.
 * Arguments: port (0: a free one), warehouse, JDBC URL, then catalog properties as name=value. Says {@code listening PORT}
 * when it is ready, and ends when its standard input does.
 */
public final class RestFixture {
  private static final ObjectMapper JSON = new ObjectMapper();

  private RestFixture() {}

  public static void main(String[] args) throws Exception {
    JSON.setVisibility(PropertyAccessor.FIELD, Visibility.ANY);
    JSON.setPropertyNamingStrategy(new PropertyNamingStrategies.KebabCaseStrategy());
    JSON.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    RESTSerializers.registerAll(JSON);

    Map<String, String> properties = new HashMap<>();
    properties.put("warehouse", args[1]);
    properties.put("uri", args[2]);
    properties.put("jdbc.schema-version", "V1");
    for (int i = 3; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      properties.put(pair[0], pair[1]);
    }
    JdbcCatalog catalog = new JdbcCatalog();
    catalog.setConf(new Configuration());
    catalog.initialize("fixture", properties);

    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 64);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/v1/", exchange -> answer(catalog, exchange));
    server.start();
    System.out.println("listening " + server.getAddress().getPort());

    while (System.in.read() >= 0) {
      // Whoever started it holds the other end, and lets go of it however it ends.
    }
    Runtime.getRuntime().halt(0);
  }

  private static void answer(JdbcCatalog catalog, HttpExchange exchange) throws IOException {
    int status = 200;
    Object answer;
    try {
      answer = route(catalog, exchange);
      status = answer == null ? 204 : 200;
    } catch (Exception error) {
      status = status(error);
      if (status == 500) {
        error.printStackTrace();
      }
      answer =
          ErrorResponse.builder()
              .responseCode(status)
              .withType(error.getClass().getSimpleName())
              .withMessage(String.valueOf(error.getMessage()))
              .build();
    }
    byte[] body = answer == null ? new byte[0] : JSON.writeValueAsBytes(answer);
    boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(status, empty ? -1 : body.length);
    if (!empty) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private static int status(Exception error) {
    if (error instanceof NoSuchTableException
        || error instanceof NoSuchNamespaceException
        || error instanceof NotFoundException) {
      return 404;
    }
    if (error instanceof AlreadyExistsException
        || error instanceof CommitFailedException
        || error instanceof NamespaceNotEmptyException) {
      return 409;
    }
    if (error instanceof IllegalArgumentException
        || error instanceof ValidationException
        || error instanceof JacksonException) {
      return 400;
    }
    return error instanceof UnsupportedOperationException ? 406 : 500;
  }

  private static <T> T body(HttpExchange exchange, Class<T> type) throws IOException {
    return JSON.readValue(exchange.getRequestBody().readAllBytes(), type);
  }

  /** The namespace whose children are asked for; the root where none is named. */
  private static Namespace parent(String query) {
    for (String part : query.split("&")) {
      if (part.startsWith("parent=")) {
        return Namespace.of(part.substring("parent=".length()).split("\u001f"));
      }
    }
    return Namespace.empty();
  }

  private static Object route(JdbcCatalog catalog, HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    String path = exchange.getRequestURI().getRawPath().substring("/v1/".length());
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    String[] parts = path.split("/");
    for (int i = 0; i < parts.length; i++) {
      parts[i] = URLDecoder.decode(parts[i], StandardCharsets.UTF_8);
    }
    if (path.equals("config")) {
      return ConfigResponse.builder().build();
    }
    if (path.equals("tables/rename")) {
      CatalogHandlers.renameTable(catalog, body(exchange, RenameTableRequest.class));
      return null;
    }
    if (!parts[0].equals("namespaces")) {
      throw new UnsupportedOperationException("no route " + path);
    }
    if (parts.length == 1) {
      return method.equals("POST")
          ? CatalogHandlers.createNamespace(catalog, body(exchange, CreateNamespaceRequest.class))
          : CatalogHandlers.listNamespaces(catalog, parent(query));
    }
    Namespace namespace = Namespace.of(parts[1].split("\u001f"));
    if (parts.length == 2) {
      return namespace(catalog, method, namespace);
    }
    switch (parts[2]) {
      case "properties":
        return CatalogHandlers.updateNamespaceProperties(
            catalog, namespace, body(exchange, UpdateNamespacePropertiesRequest.class));
      case "register":
        return CatalogHandlers.registerTable(catalog, namespace, body(exchange, RegisterTableRequest.class));
      default:
    }
    if (parts.length == 3) {
      if (!method.equals("POST")) {
        return CatalogHandlers.listTables(catalog, namespace);
      }
      CreateTableRequest request = body(exchange, CreateTableRequest.class);
      return request.stageCreate()
          ? CatalogHandlers.stageTableCreate(catalog, namespace, request)
          : CatalogHandlers.createTable(catalog, namespace, request);
    }
    TableIdentifier table = TableIdentifier.of(namespace, parts[3]);
    if (parts.length == 5 && parts[4].equals("metrics")) {
      return null;
    }
    switch (method) {
      case "POST":
        return CatalogHandlers.updateTable(catalog, table, body(exchange, UpdateTableRequest.class));
      case "DELETE":
        if (query.contains("purgeRequested=true")) {
          CatalogHandlers.purgeTable(catalog, table);
        } else {
          CatalogHandlers.dropTable(catalog, table);
        }
        return null;
      default:
        return CatalogHandlers.loadTable(catalog, table);
    }
  }

  private static Object namespace(JdbcCatalog catalog, String method, Namespace namespace) {
    if (method.equals("DELETE")) {
      CatalogHandlers.dropNamespace(catalog, namespace);
      return null;
    }
    return CatalogHandlers.loadNamespace(catalog, namespace);
  }
}
