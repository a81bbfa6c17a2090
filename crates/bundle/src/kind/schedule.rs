//! When cron runs something: five fields, or a word for them.
//!
//! Invariant: what is taken here is read as it is meant by every cron that reads /etc/cron.d; there a line that is not is left out
//! without a word, or all lines of its file.

const WORDS: [&str; 8] =
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What is in a field.
struct Field {
    what: &'static str,
    least: u32,
    most: u32,
    /// Words for numbers from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { what: "minute", least: 0, most: 59, names: &[] },
    Field { what: "hour", least: 0, most: 23, names: &[] },
    Field { what: "day of the month", least: 1, most: 31, names: &[] },
    Field { what: "month", least: 1, most: 12, names: MONTHS },
    Field { what: "day of the week", least: 0, most: 7, names: DAYS },
];

/// What is wrong with it.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    let fields: Vec<&str> = schedule.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
    match *fields {
        [word] if WORDS.contains(&word) => Ok(()),
        [word] if word.starts_with('@') => {
            Err(format!("cron has no `{word}`, only {}", WORDS.join(" ")))
        }
        [_, _, _, _, _] => {
            FIELDS.iter().zip(fields).try_for_each(|(field, text)| field.check(text))
        }
        _ => Err("it is neither five fields nor one like `@daily`".to_owned()),
    }
}

impl Field {
    fn check(&self, text: &str) -> Result<(), String> {
        if text.split(',').all(|part| self.takes(part)) {
            return Ok(());
        }
        let Self { what, least, most, names } = self;
        let names = if names.is_empty() { String::new() } else { format!(", {} …", names[0]) };
        Err(format!("`{text}` is no {what}: `*`, {least} to {most}{names}, `A-B`, `/STEP`, `A,B`"))
    }

    fn takes(&self, part: &str) -> bool {
        let (range, step) = part.split_once('/').map_or((part, None), |(a, b)| (a, Some(b)));
        let is_step = step.is_none_or(|step| number(step).is_some_and(|step| step > 0));
        let is_range = range == "*"
            || match range.split_once('-') {
                Some((from, to)) => matches!(
                    (self.value(from), self.value(to)),
                    (Some(from), Some(to)) if from <= to
                ),
                None => self.value(range).is_some(),
            };
        is_range && is_step
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().zip(self.least..);
        let mut named = named.filter(|(name, _)| text.eq_ignore_ascii_case(name));
        let value = named.next().map(|(_, value)| value).or_else(|| number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

/// Digits only: Rust's own numbers may have a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_cron_understands_is_taken() {
        for schedule in [
            "* * * * *",
            "0 0 1 1 0",
            "59 23 31 12 7",
            "*/5 * * * *",
            "0-30/10,45 1,2 * jan-Mar MON-fri",
            " 5\t4  * * sun ",
            "@daily",
            "@reboot",
        ] {
            assert_eq!(check(schedule), Ok(()), "{schedule}");
        }
    }

    #[test]
    fn what_one_does_not_is_said() {
        for (schedule, expected) in [
            ("", "neither five fields"),
            ("* * * *", "neither five fields"),
            ("* * * * * *", "neither five fields"),
            ("* * * *\n*", "neither five fields"),
            ("60 24 * * *", "`60` is no minute"),
            ("61 * * * *", "`61` is no minute"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 0 0 * *", "`0` is no day of the month"),
            ("0 0 * 13 *", "`13` is no month"),
            ("0 0 * * 8", "`8` is no day of the week"),
            ("a b c d e", "`a` is no minute"),
            ("* * jan * *", "`jan` is no day of the month"),
            ("30-5 * * * *", "`30-5` is no minute"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("*/ * * * *", "`*/` is no minute"),
            ("1, * * * *", "`1,` is no minute"),
            ("+1 * * * *", "`+1` is no minute"),
            ("-1 * * * *", "`-1` is no minute"),
            ("99999999999 * * * *", "is no minute"),
            ("* * * * mon\nevil", "is no day of the week"),
            ("@fortnightly", "cron has no `@fortnightly`"),
        ] {
            let why = check(schedule).unwrap_err();
            assert!(why.contains(expected), "{schedule}: {why}");
        }
    }
}
