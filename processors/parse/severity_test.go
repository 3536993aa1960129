package parse

import "testing"

func TestSeverityOf(t *testing.T) {
	for text, want := range map[string]uint8{
		"TRACE": 1, "debug": 5, "Info": 9, "WARN": 13, "ERROR": 17, "FATAL": 21,
		"information": 9, "warning": 13, "err": 17, "eror": 17, "dbg": 5, "notice": 10, "verbose": 6,
		"crit": 18, "critical": 21, "alert": 19, "emerg": 21, "panic": 19, "dpanic": 18,
		"FINEST": 1, "FINER": 5, "FINE": 6, "CONFIG": 7, "SEVERE": 17, "silly": 1, "http": 7,
		"INFO+2": 11, "DEBUG-4": 1, "ERROR+1": 18, "WARN+100": 24, "INFO-50": 1,
		" INFO ": 9, "[INFO]": 9, "INFO:": 9, "\x1b[32mINFO\x1b[0m": 9, "\x1b[1;31merror\x1b[0m": 17,
		"10": 1, "20": 5, "30": 9, "40": 13, "50": 17, "60": 21, "35": 9,
		"0": 21, "3": 17, "4": 13, "6": 9, "7": 5,
		"": 0, " ": 0, "loud": 0, "8": 0, "70": 0, "9999": 0, "INFO+x": 0, "x+1": 0, "\x1b[": 0, "a very long level indeed": 0,
	} {
		if got := severityOf([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
