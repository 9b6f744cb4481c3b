//! A day of the calendar, for waivers.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year, as in 2027.
    pub year: i64,
    /// The month, from 1 to 12.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
}

impl Date {
    /// The current day, in UTC.
    pub fn today() -> Date {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Date::after_epoch((now.map_or(0, |it| it.as_secs()) / 86400) as i64)
    }

    /// The day that is this many days after 1970-01-01.
    fn after_epoch(days: i64) -> Date {
        // Years are counted from March, so that the leap day is the last day of
        // a year; an era has 400 years.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year =
            (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        Date { year, month, day }
    }

    /// Reads a day in the form `2027-01-31`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.splitn(3, '-').map(|it| it.parse::<i64>().ok());
        let (year, month, day) =
            (parts.next()??, parts.next()??, parts.next()??);
        let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then_some(Date { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_819, "2027-01-01"),
        ] {
            assert_eq!(Date::after_epoch(days).to_string(), date);
            assert_eq!(Date::parse(date), Some(Date::after_epoch(days)));
        }
        assert_eq!(Date::parse("2027-13-01"), None);
        assert_eq!(Date::parse("tomorrow"), None);
    }
}
