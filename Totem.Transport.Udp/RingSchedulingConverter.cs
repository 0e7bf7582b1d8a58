using System.ComponentModel;
using System.Globalization;

namespace Totem.Transport.Udp;

/// <summary>Lets configuration systems read a scheduling from a text.</summary>
internal sealed class RingSchedulingConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value switch
    {
        nameof(RingScheduling.RealTime) => RingScheduling.RealTime,
        nameof(RingScheduling.Unchanged) => RingScheduling.Unchanged,
        string text
            when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var niceness)
            && niceness is >= -20 and <= 19 => RingScheduling.Nice(niceness),
        string text => throw new FormatException($"'{text}' is no scheduling, expected RealTime, Unchanged or a "
            + "niceness from -20 to 19"),
        _ => base.ConvertFrom(context, culture, value),
    };
}
