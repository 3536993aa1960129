import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node: arguments are its folder and its ports of HTTP and transport. */
public class Node {
  public static void main(String[] args) throws Exception {
    OpenSearchRunner runner = new OpenSearchRunner();
    try {
      runner
          .onBuild((number, settings) -> {
            settings.put("http.port", args[1]);
            settings.put("transport.port", args[2]);
            // Test machines are allowed to be nearly full.
            settings.put("cluster.routing.allocation.disk.threshold_enabled", "false");
          })
          .build(OpenSearchRunner.newConfigs()
              .basePath(args[0])
              .numOfNode(1)
              .clusterName("test")
              .moduleTypes("org.opensearch.transport.Netty4ModulePlugin,org.opensearch.index.mapper.MapperExtrasModulePlugin"));
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
    Thread.sleep(Long.MAX_VALUE);
  }
}
