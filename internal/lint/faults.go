package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// notShown begins the result of a fault that no test shows; the reason follows.
const notShown = "not shown"

// FaultTable reports what is wrong with the rows "| number | fault | Go test's
// name | result |" of a Markdown file: a number of wanted that has no row, or
// several, and a row that names neither a test nor the reason why there is
// none. Whether named tests exist is StaleDocs' business.
func FaultTable(root, doc string, wanted []int) ([]Violation, error) {
	text, err := os.ReadFile(filepath.Join(root, doc))
	if err != nil {
		return nil, err
	}
	var found []Violation
	rows := map[int]int{}
	for i, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		number, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil || len(cells) != 4 {
			continue
		}
		rows[number]++
		if problem := faultRow(cells[2], cells[3]); problem != "" {
			found = append(found, Violation{fmt.Sprintf("%s:%d", doc, i+1), fmt.Sprintf("fault %d %s", number, problem)})
		}
	}
	for _, n := range wanted {
		if rows[n] != 1 {
			found = append(found, Violation{doc, fmt.Sprintf("fault %d has %d rows, wanted one", n, rows[n])})
		}
	}
	return found, nil
}

func faultRow(tests, result string) string {
	result = strings.TrimSpace(result)
	named := false
	for _, m := range codeSpan.FindAllStringSubmatch(tests, -1) {
		named = named || testName.MatchString(m[1])
	}
	switch {
	case result == "":
		return "has no result"
	case !named && !strings.HasPrefix(result, notShown+": "):
		return "names no test, and no reason after \"" + notShown + ": \""
	}
	return ""
}
