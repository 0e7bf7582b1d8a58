using System.Globalization;

namespace Totem.Core.Model;

/// <summary>Lets configuration systems read an id from a text: a number.</summary>
internal sealed class ProcessorIdConverter : TextConverter
{
    /// <inheritdoc />
    protected override object Parse(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        ? new ProcessorId(id)
        : throw new FormatException($"'{text}' is no processor id, expected a number from 1 to {uint.MaxValue}");
}
