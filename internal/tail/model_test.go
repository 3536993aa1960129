package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// content is what an inode holds from its creation or truncation on, as its
// writer knows it.
type content struct {
	chain string
	// file is the writer's descriptor: it stays with the inode whatever the
	// name becomes. name is empty once the file is unlinked.
	file *os.File
	name string
	ino  uint64
	text []byte
	// pieces are the lines, without one that is not complete yet.
	pieces []*part
	// fragment is the beginning of a line that will never be complete.
	fragment string

	// opened says that some agent had the file open, held that the one that
	// runs has it; measured is the size that it has seen.
	opened, held bool
	measured     int
	// durable is the largest size that a frame has told, identified that the
	// agent that runs has told one.
	durable    int
	identified bool
	// gone says that nobody can read what is not read yet: pieces without a
	// record may be missing then. atLeast is how many bytes from the beginning
	// the agent must know to have been there; stage is how far it has got with
	// counting what is lost.
	gone, truncated bool
	// compressed says that it was, and has the name of the compressed file.
	compressed bool
	// copied says that it went on in a copy when the original was truncated, and
	// unseen that the agent has not looked since there is one.
	copied, unseen bool
	// regrown is how large the content was that took its place unseen.
	atLeast, regrown int
	stage            stage
}

// part is a line of a container's log: a message, or a part of one.
type part struct {
	token      string
	in         *content
	message    *message
	start, end int
}

// message is what an application logs at once; whole when its end was written.
// before and after are its neighbours in its stream.
type message struct {
	pieces        []*part
	whole         bool
	before, after *message
}

// writer is a container whose runtime writes to the live file of a chain.
type writer struct {
	chain string
	live  *content
	// renamed says that the live file has been renamed, and that there is no
	// new one yet.
	renamed bool
	half    [2]*message
	// goesOn says that a line may be added to the last message of a stream.
	goesOn [2]bool
	last   [2]*message
	// torn is what is missing of the last line in the file, for tornPiece.
	torn      string
	tornPiece *part
	// number is how often the log was rotated.
	number int
}

// model is everything that was written, and what became of it on the disk.
type model struct {
	dir     string
	plain   bool
	docker  bool
	banners bool
	// joins says that messages have several lines; patient that the agent waits for
	// them only where they surely come.
	joins, patient bool
	writers        []*writer
	contents       []*content
	messages       []*message
	pieces         int
	chains         int
	// stamps is how often the time of a file was set.
	stamps int
}

const bannerToken = "banner "

func (m *model) path(name string) string { return m.dir + "/" + name }

// create makes a new file under a name and lets the writer write to it.
func (m *model) create(w *writer) error {
	f, err := os.OpenFile(m.path(w.chain+".log"), os.O_APPEND|os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	w.renamed = false
	m.begin(w, &content{chain: w.chain, file: f, name: w.chain + ".log", ino: st.Ino})
	return nil
}

// begin makes c what the writer writes to.
func (m *model) begin(w *writer, c *content) {
	w.live = c
	m.contents = append(m.contents, c)
}

// container begins a new container, with a chain of its own.
func (m *model) container(chain string) error {
	w := &writer{chain: chain}
	m.writers = append(m.writers, w)
	return m.create(w)
}

// log writes a line of one of the streams, sometimes not all of its bytes.
func (m *model) log(r *rand.Rand, w *writer) string {
	text := m.complete(w)
	if m.banners && len(w.live.text) == 0 && text == "" && w.half == [2]*message{} {
		text = m.line(r, w, r.IntN(2), "", bannerToken, true)
	}
	whole := m.plain || r.IntN(3) > 0
	m.pieces++
	which, token := r.IntN(2), fmt.Sprintf("p%d.%s ", m.pieces, strings.Repeat("x", r.IntN(60)))
	line := m.multiline(r, w, which, token, whole)
	if len(w.live.text) > 0 && r.IntN(8) == 0 {
		at := r.IntN(len(line))
		line, w.torn = line[:at], line[at:]
		last := len(w.live.pieces) - 1
		w.tornPiece, w.live.pieces = w.live.pieces[last], w.live.pieces[:last]
	}
	return m.write(w, text+line)
}

// multiline makes a line that may go on with the message before it, as far as an
// agent can tell.
func (m *model) multiline(r *rand.Rand, w *writer, which int, token string, whole bool) string {
	if m.plain && m.joins {
		which = 0
	}
	before := ""
	switch n := r.IntN(4); {
	case !m.joins || w.half[which] != nil:
	case w.goesOn[which] && n < 2:
		before = "\t"
		w.half[which] = w.last[which]
	default:
		if w.goesOn[which] = !m.patient; n == 3 {
			before, w.goesOn[which] = "panic: ", true
		}
	}
	return m.line(r, w, which, before, token, whole)
}

// unmarked is a text without what makes its lines go on.
func unmarked(text string) string {
	return strings.NewReplacer("\n", "", "\t", "", "panic: ", "").Replace(text)
}

// regrow writes a line that makes the live file as large as size; not if there
// is no room for one.
func (m *model) regrow(r *rand.Rand, w *writer, size int) (text string, ok bool) {
	token := fmt.Sprintf("p%d. ", m.pieces+1)
	room := size - len(w.live.text) - len(token) - len("\n")
	if !m.plain {
		room = size - len(w.live.text) - len(m.wrap(r, "stdout", "F", token))
	}
	if room < 0 {
		return "", false
	}
	m.pieces++
	// Positions are proved by the bytes before them, so no two lines are filled
	// with the same.
	filling := strings.Repeat(fmt.Sprintf("y%d", m.pieces), room)
	token = fmt.Sprintf("p%d.%s ", m.pieces, filling[:room])
	which := m.stream(r)
	if w.half[which] == nil {
		w.goesOn[which] = !m.patient
	}
	return m.write(w, m.line(r, w, which, "", token, true)), true
}

// stamp sets when a file was written last, never to the same time twice: some
// kernels set it only every few milliseconds, in which lives change files often.
func (m *model) stamp(name string, at time.Time) error {
	m.stamps++
	at = at.Add(time.Duration(m.stamps))
	return os.Chtimes(m.path(name), at, at)
}

func (m *model) stream(r *rand.Rand) int {
	which := r.IntN(2)
	if m.plain && m.joins {
		return 0
	}
	return which
}

// line makes a line with a piece of a message behind what says how it goes on, and
// notes both.
func (m *model) line(r *rand.Rand, w *writer, which int, before, token string, whole bool) string {
	tag := "P"
	if token == bannerToken || w.half[which] == nil {
		m.messages = append(m.messages, &message{})
	}
	msg := m.messages[len(m.messages)-1]
	if token != bannerToken {
		if w.half[which] != nil {
			msg = w.half[which]
		} else {
			if msg.before = w.last[which]; msg.before != nil {
				msg.before.after = msg
			}
		}
		w.half[which], w.last[which] = msg, msg
	}
	p := &part{token: token, in: w.live, message: msg}
	msg.pieces = append(msg.pieces, p)
	w.live.pieces = append(w.live.pieces, p)
	if whole {
		tag, msg.whole = "F", true
		if token != bannerToken {
			w.half[which] = nil
		}
	}
	if m.plain {
		return before + token + "\n"
	}
	if m.docker {
		before = strings.ReplaceAll(before, "\t", `\t`)
	}
	return m.wrap(r, [2]string{"stdout", "stderr"}[which], tag, before+token)
}

// wrap is the line that a runtime writes: containerd's, or Docker's.
func (m *model) wrap(r *rand.Rand, stream, tag, text string) string {
	second := r.IntN(60)
	if !m.docker {
		return fmt.Sprintf("2026-03-05T10:11:%02dZ %s %s %s\n", second, stream, tag, text)
	}
	if tag == "F" {
		text += `\n`
	}
	// Some of them are written as no runtime would need to.
	text = strings.Replace(text, "x", `\u0078`, r.IntN(3))
	return fmt.Sprintf(`{"log":"%s","stream":"%s","time":"2026-03-05T10:11:%02dZ"}`+"\n", text, stream, second)
}

// complete is what is missing of the last line; it is about to be written.
func (m *model) complete(w *writer) string {
	text := w.torn
	if w.tornPiece != nil {
		w.live.pieces = append(w.live.pieces, w.tornPiece)
	}
	w.torn, w.tornPiece = "", nil
	return text
}

// write appends to the live file, and places the pieces that are complete.
func (m *model) write(w *writer, text string) string {
	c := w.live
	if _, err := c.file.WriteString(text); err != nil {
		panic(err)
	}
	c.text = append(c.text, text...)
	at := 0
	for _, p := range c.pieces {
		p.start = at
		at += strings.IndexByte(string(c.text[at:]), '\n') + 1
		p.end = at
	}
	return text
}

// end is the container's end: its last line is whole, or will never be.
func (m *model) end(r *rand.Rand, w *writer) {
	if w.tornPiece != nil && len(w.tornPiece.message.pieces) == 1 && r.IntN(2) == 0 {
		w.live.fragment = string(w.live.text[lastLine(w.live):])
		*w.tornPiece.message = message{}
		w.torn, w.tornPiece = "", nil
	}
	m.write(w, m.complete(w))
	w.half = [2]*message{}
	m.writers = slices.DeleteFunc(m.writers, func(o *writer) bool { return o == w })
}

func lastLine(c *content) int { return strings.LastIndexByte(string(c.text), '\n') + 1 }

// close gives the writers' descriptors back.
func (m *model) close() {
	for _, c := range m.contents {
		_ = c.file.Close()
	}
}

// named are the contents that have a name, of one chain or of all.
func (m *model) named(chain string) []*content {
	var all []*content
	for _, c := range m.contents {
		if c.name != "" && (chain == "" || c.chain == chain) {
			all = append(all, c)
		}
	}
	return all
}
