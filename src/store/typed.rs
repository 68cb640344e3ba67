//! Values as the type that a pinned schema gives their column: files that are older than a change of it have another one, and
//! equal values of different types are different texts (`0.1` as float, `0.10000000149011612` as double).

use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::{PrimitiveType, Type};
use std::sync::Arc;
use uuid::Uuid;

/// The Arrow type of a column's values: a UUID is its text here, which is what users know it by.
///
/// # Errors
/// Fails for a type that Arrow has not.
pub(super) fn arrow_type(of: &Type) -> Result<DataType, iceberg::Error> {
    match of {
        Type::Primitive(PrimitiveType::Uuid) => Ok(DataType::Utf8),
        other => type_to_arrow_type(other),
    }
}

/// Whether values of the second type may stand in files of a column of the first one, and have other texts there.
pub fn widens(to: &DataType, from: &DataType) -> bool {
    match (from, to) {
        (DataType::Float32, DataType::Float64) | (DataType::Date32, DataType::Timestamp(_, _)) => true,
        // INT96, as older files have timestamps, says nothing of a zone.
        (DataType::Timestamp(_, old), DataType::Timestamp(_, new)) => old.is_some() != new.is_some(),
        _ => false,
    }
}

/// Values of a file as the type of their column, where that makes a difference to their texts: integers and decimals of
/// more digits have the same ones, and are left as they are.
///
/// # Errors
/// Fails if Arrow cannot cast them.
pub fn typed(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match (array.as_any().downcast_ref::<FixedSizeBinaryArray>(), wanted) {
        (Some(bytes), DataType::Utf8) if bytes.value_length() == 16 => Ok(Arc::new(uuids(bytes))),
        _ if widens(wanted, array.data_type()) => cast(array, wanted),
        _ => Ok(Arc::clone(array)),
    }
}

fn uuids(bytes: &FixedSizeBinaryArray) -> StringArray {
    let text = |value: &[u8]| Some(Uuid::from_slice(value).ok()?.hyphenated().to_string());
    bytes.iter().map(|value| value.and_then(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Float32Array, Int32Array};
    use arrow::compute::cast;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn values_of_older_files_have_the_texts_of_the_type_that_their_column_has_now() {
        let bytes = [&b"0123456789abcdef"[..], &[0; 16]];
        let bytes = FixedSizeBinaryArray::try_from_iter(bytes.into_iter()).unwrap();
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
        let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
        let day: ArrayRef = Arc::new(Date32Array::from(vec![20_000]));
        for (array, wanted, shown) in [
            (
                Arc::new(bytes) as ArrayRef,
                DataType::Utf8,
                "30313233-3435-3637-3839-616263646566",
            ),
            (
                Arc::new(Float32Array::from(vec![0.1])),
                DataType::Float64,
                "0.10000000149011612",
            ),
            (Arc::new(Float32Array::from(vec![0.1])), DataType::Float32, "0.1"),
            (Arc::clone(&day), moment.clone(), "2024-10-04T00:00:00"),
            (cast(&day, &moment).unwrap(), instant, "2024-10-04T00:00:00Z"),
        ] {
            let texts = cast(&typed(&array, &wanted).unwrap(), &DataType::Utf8).unwrap();
            assert_eq!(texts.as_any().downcast_ref::<StringArray>().unwrap().value(0), shown);
        }
        let whole: ArrayRef = Arc::new(Int32Array::from(vec![7]));
        assert_eq!(typed(&whole, &DataType::Int64).unwrap().data_type(), &DataType::Int32);
    }
}
