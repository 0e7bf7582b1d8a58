using System.ComponentModel;
using System.Globalization;

namespace Totem.Core.Model;

/// <summary>Lets configuration systems read an id from a text: a number.</summary>
internal sealed class ProcessorIdConverter : TypeConverter
{
    /// <inheritdoc />
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    /// <inheritdoc />
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        if (value is not string text)
            return base.ConvertFrom(context, culture, value);
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? new ProcessorId(id) : throw new FormatException($"'{text}' is no processor id, expected a number from 1 to {uint.MaxValue}");
    }
}
