package managed

import (
	"slices"
	"strings"
)

// Diff shows two texts line by line: what only a has with a minus, what only b
// has with a plus, and around them two lines that both have.
func Diff(a, b string) string {
	lines := align(strings.Split(a, "\n"), strings.Split(b, "\n"))
	const around = 2
	var out strings.Builder
	for i, l := range lines {
		near := lines[max(0, i-around):min(len(lines), i+around+1)]
		if l[0] != ' ' || slices.ContainsFunc(near, func(s string) bool { return s[0] != ' ' }) {
			out.WriteString(l + "\n")
		}
	}
	return out.String()
}

// align walks a longest common subsequence.
func align(a, b []string) (lines []string) {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, "- "+a[i])
			i++
		default:
			lines = append(lines, "+ "+b[j])
			j++
		}
	}
	return lines
}
