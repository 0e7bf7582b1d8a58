using System.ComponentModel;
using Totem.Core.Model;

namespace Totem;

/// <summary>Names a processor (a ring member). Zero is not a processor: corosync's LEAVE message
/// uses it as a marker.</summary>
/// <param name="Value">The 32-bit node id as it stands on the wire.</param>
[TypeConverter(typeof(ProcessorIdConverter))]
public readonly record struct ProcessorId(uint Value) : IComparable<ProcessorId>
{
    /// <summary>The value that names nobody.</summary>
    public static ProcessorId None => default;

    /// <summary>True for the value that names nobody.</summary>
    public bool IsNone => Value == 0;

    /// <inheritdoc />
    public int CompareTo(ProcessorId other) => Value.CompareTo(other.Value);

    /// <inheritdoc />
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
