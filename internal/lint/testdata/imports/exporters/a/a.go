package a

import (
	_ "example.test/x/exporters/b"
	_ "example.test/x/leaf"
	_ "example.test/x/pipeline"
)
