package pipeline

import (
	_ "example.test/x/exporters/a"
	_ "example.test/x/leaf"
)
