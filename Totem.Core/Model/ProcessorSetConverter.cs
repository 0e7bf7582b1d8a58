using System.ComponentModel;
using System.Globalization;

namespace Totem.Core.Model;

/// <summary>Lets configuration systems read a set from a text: numbers with commas between them.</summary>
internal sealed class ProcessorSetConverter : TypeConverter
{
    /// <inheritdoc />
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    /// <inheritdoc />
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        if (value is not string text)
            return base.ConvertFrom(context, culture, value);
        var ids = new List<ProcessorId>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
                throw new FormatException($"'{text}' is no list of processor ids, expected numbers such as 1, 2, 3");
            ids.Add(new ProcessorId(id));
        }

        return ProcessorSet.Of([.. ids]);
    }
}
