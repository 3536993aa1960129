package b

import _ "fmt"
