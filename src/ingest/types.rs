//! Types: what files hold, what the table holds, and what both are called for people.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};

/// The type to which a column is cast when it is read; `None` for types that no column of the table has.
pub(crate) fn raw_type(found: &DataType) -> Option<DataType> {
    Some(match found {
        DataType::Null => DataType::Null,
        DataType::Boolean => DataType::Boolean,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, values) => return raw_type(values),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        // Hashes used as keys need all 64 bits; other columns are cast to Int64 where they fit.
        DataType::UInt64 => DataType::UInt64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => {
            DataType::Decimal128(*p, *s)
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => utc(),
        _ => return None,
    })
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("+00:00")))
}

/// The type of the table for a type that was read.
pub(crate) fn table_type(raw: &DataType) -> DataType {
    match raw {
        DataType::UInt64 => DataType::Int64,
        DataType::Null => DataType::Utf8,
        other => other.clone(),
    }
}

/// What a type is called.
pub(crate) fn friendly(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Null => "empty",
        DataType::Boolean => "boolean",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Dictionary(_, values) => friendly(values),
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        DataType::Time32(_) | DataType::Time64(_) => "time of day",
        DataType::Duration(_) | DataType::Interval(_) => "duration",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "a list",
        DataType::Struct(_) => "a structure",
        DataType::Map(..) => "a map",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "binary",
        other if other.is_integer() => "integer",
        other if other.is_numeric() => "decimal",
        _ => "of an unsupported type",
    }
}

/// What the text of a CSV cell could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    Integer,
    Boolean,
    /// A decimal number without fraction, such as `1.0`.
    Integral,
    Decimal,
    Text,
}

/// Judges one cell. `007` and `+1` are text: writing them as numbers would lose what was written.
pub(crate) fn looks(value: &str) -> Looks {
    if matches!(value, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
        return Looks::Boolean;
    }
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, rest) = digits.split_at(digits.bytes().take_while(u8::is_ascii_digit).count());
    let plain = !whole.is_empty() && (whole.len() == 1 || !whole.starts_with('0'));
    if !plain {
        return Looks::Text;
    }
    if rest.is_empty() && value != "-0" {
        return if value.parse::<i64>().is_ok() {
            Looks::Integer
        } else {
            Looks::Text
        };
    }
    if !rest
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return Looks::Text;
    }
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && number.fract() == 0.0 => Looks::Integral,
        Ok(number) if number.is_finite() => Looks::Decimal,
        _ => Looks::Text,
    }
}

/// What all cells of a text column so far could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Soft {
    integer: bool,
    boolean: bool,
    decimal: bool,
}

impl Default for Soft {
    fn default() -> Self {
        Soft {
            integer: true,
            boolean: true,
            decimal: true,
        }
    }
}

impl Soft {
    /// Whether a further cell cannot change the answer.
    pub(crate) fn is_text(self) -> bool {
        self == Soft {
            integer: false,
            boolean: false,
            decimal: false,
        }
    }

    /// Takes in one cell.
    pub(crate) fn meet(&mut self, looks: Looks) {
        self.integer &= looks == Looks::Integer;
        self.boolean &= looks == Looks::Boolean;
        self.decimal &= matches!(looks, Looks::Integer | Looks::Integral | Looks::Decimal);
    }

    /// The narrowest type that holds all cells, at least one.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Soft { integer: true, .. } => DataType::Int64,
            Soft { boolean: true, .. } => DataType::Boolean,
            Soft { decimal: true, .. } => DataType::Float64,
            _ => DataType::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_look_like_what_they_can_be_written_back_as() {
        let table = [
            ("0", Looks::Integer),
            ("-7", Looks::Integer),
            ("007", Looks::Text),
            ("-0", Looks::Integral),
            ("+1", Looks::Text),
            ("1.0", Looks::Integral),
            ("0.25", Looks::Decimal),
            ("1e-3", Looks::Decimal),
            ("1.2.3", Looks::Text),
            ("1-2", Looks::Text),
            ("nan", Looks::Text),
            ("inf", Looks::Text),
            ("True", Looks::Boolean),
            ("tRUE", Looks::Text),
            ("99999999999999999999", Looks::Text),
            ("9223372036854775807", Looks::Integer),
            (" 1", Looks::Text),
        ];
        for (value, expected) in table {
            assert_eq!(looks(value), expected, "{value:?}");
        }
    }

    #[test]
    fn soft_types_widen() {
        let of = |cells: &[&str]| {
            let mut soft = Soft::default();
            cells.iter().for_each(|cell| soft.meet(looks(cell)));
            soft.data_type()
        };
        assert_eq!(of(&["1", "2"]), DataType::Int64);
        assert_eq!(of(&["1", "2.5"]), DataType::Float64);
        assert_eq!(of(&["true", "False"]), DataType::Boolean);
        assert_eq!(of(&["true", "1"]), DataType::Utf8);
        assert_eq!(of(&["1", "007"]), DataType::Utf8);
    }

    #[test]
    fn integers_and_text_of_all_widths_are_one_type() {
        assert_eq!(raw_type(&DataType::Int8), Some(DataType::Int64));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8));
        assert_eq!(raw_type(&dictionary), Some(DataType::Utf8));
        assert_eq!(
            raw_type(&DataType::Timestamp(
                TimeUnit::Nanosecond,
                Some(Arc::from("Asia/Tokyo"))
            )),
            Some(utc())
        );
        assert_eq!(raw_type(&DataType::Binary), None);
        assert_eq!(
            friendly(&DataType::Struct(arrow::datatypes::Fields::empty())),
            "a structure"
        );
    }
}
