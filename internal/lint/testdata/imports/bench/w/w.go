package w

import _ "example.test/x/pipeline"
