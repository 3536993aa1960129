import java.util.Map;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.*;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
/** Has what the mapping of the security index needs of the module analysis-common, which the test distribution leaves out. */
public class Analysis extends Plugin implements AnalysisPlugin {
  public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
    return Map.of("pattern_capture", AnalysisPlugin.requiresAnalysisSettings((i, e, n, s) -> new AbstractTokenFilterFactory(n, s) {
      public TokenStream create(TokenStream t) {
        return new PatternCaptureGroupTokenFilter(t, true, s.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new));
      }
    }));
  }
  public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
    return List.of(PreConfiguredTokenFilter.singleton("unique", false, RemoveDuplicatesTokenFilter::new));
  }
  public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
    return List.of(PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new));
  }
}
