package b

import _ "example.test/x/pipeline"
