using System.ComponentModel;
using System.Globalization;

namespace Totem.Core.Model;

/// <summary>Lets configuration systems read a value from a text.</summary>
internal abstract class TextConverter : TypeConverter
{
    /// <inheritdoc />
    public sealed override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    /// <inheritdoc />
    public sealed override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
        => value is string text ? Parse(text) : base.ConvertFrom(context, culture, value);

    /// <exception cref="FormatException">The text is no such value; the message says what was expected.</exception>
    protected abstract object Parse(string text);
}
