using System.ComponentModel;
using System.Globalization;
using System.Net;

namespace Totem.Transport.Udp;

/// <summary>Lets configuration systems read a peer from a text: <c>2=10.0.0.2:5405</c>.</summary>
internal sealed class UdpPeerConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType)
        => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
    {
        if (value is not string text)
            return base.ConvertFrom(context, culture, value);
        // Not an exception: binders leave elements of lists out that have one, without a word.
        return Parse(text) ?? new UdpPeer(ProcessorId.None, new IPEndPoint(IPAddress.None, 0)) { Unreadable = text };
    }

    private static UdpPeer? Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1
            || !uint.TryParse(text.AsSpan(0, equals), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return null;
        var place = text[(equals + 1)..];
        // A bare IPv6 address has colons too; in brackets it would be taken for one, and its port be lost.
        if (!place.StartsWith('[') && IPAddress.TryParse(place, out var address))
            return new UdpPeer(new ProcessorId(id), new IPEndPoint(address, UdpTransportOptions.DefaultPort));
        return IPEndPoint.TryParse(place, out var endPoint)
            && endPoint.Port != 0 ? new UdpPeer(new ProcessorId(id), endPoint) : null;
    }
}
